"""PARENT CPU MEMORY FILE OPEN_FILES NICE FILTER COUNT RULE… COMMAND…: put limits on this process, then become it.

FILTER is a program for seccomp in hexadecimal digits: it is put on here, or handed to bubblewrap in the place of the
word HANDED in the command. The COUNT rules are Landlock's (see sandbox_landlock.py); no rules: no Landlock.

A program of its own, on the standard library alone: it runs between our process and ffmpeg and must start fast.
"""

import ctypes
import os
import resource
import signal
import sys
from importlib import import_module

HANDED = "@filter"

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 22, 24, 38  # prctl(2)
_SECCOMP_MODE_FILTER = 2
_NOT_STARTED = 127


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (ceiling, ceiling))


def _prctl(option: int, *arguments: object) -> None:
    words = [ctypes.c_ulong(word) if isinstance(word, int) else word for word in (*arguments, 0, 0, 0, 0)[:4]]
    if ctypes.CDLL(None, use_errno=True).prctl(option, *words):
        raise OSError(ctypes.get_errno(), f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def _give_up_privileges() -> None:
    """Root's, for whoever runs a worker as root: what is executed next has none."""
    for capability in range(64):
        try:
            _prctl(_PR_CAPBSET_DROP, capability)
        except OSError:
            return  # there are no more, or none were to be had


def _shut(code: bytes, rules: list[str]) -> None:
    """Shut this process in. Raises OSError where a wall that was asked for cannot be put up."""
    _give_up_privileges()
    if rules:
        sys.path.append(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - pathlib would be loaded
        import_module("sandbox_landlock").restrict(rules)
    if code:
        # Last: it denies what the others are put up with.
        _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(_Program(len(code) // 8, code)))


def _handed(code: bytes) -> int:
    """A descriptor that bubblewrap reads the filter from."""
    fd = os.memfd_create("filter", 0)
    os.write(fd, code)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def main(arguments: list[str]) -> None:
    parent, cpu, memory, file, open_files, nice = (int(word) for word in arguments[:6])
    code, count = bytes.fromhex(arguments[6]), int(arguments[7])
    rules, command = arguments[8 : 8 + count], arguments[8 + count :]
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the signal was asked for
        raise SystemExit(_NOT_STARTED)
    _limit(resource.RLIMIT_CPU, cpu)
    # Private writable memory, not address space: each thread's malloc arena reserves 64 MiB that it never uses.
    _limit(resource.RLIMIT_DATA, memory)
    _limit(resource.RLIMIT_FSIZE, file)
    _limit(resource.RLIMIT_NOFILE, open_files)
    _limit(resource.RLIMIT_CORE, 0)
    if (now := os.nice(nice)) > 0:
        try:
            # A session of its own is an autogroup of its own (sched(7)): niceness counts between those, not within.
            with open("/proc/self/autogroup", "w") as autogroup:  # noqa: PTH123 - pathlib would be loaded for it
                autogroup.write(str(now))
        except OSError:
            pass  # this kernel has none, or lets nobody change it so soon again
    # Python ignores SIGPIPE; a command expects to be told that its reader is gone.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        if sys.platform == "linux":
            _prctl(_PR_SET_NO_NEW_PRIVS, 1)
            if HANDED in command:
                command[command.index(HANDED)] = str(_handed(code))
            else:
                _shut(code, rules)
        os.execvp(command[0], command)  # noqa: S606 - no shell: that is the point
    except OSError as exc:
        os.write(2, f"{command[0]}: {exc.strerror}\n".encode())
        raise SystemExit(_NOT_STARTED) from None


if __name__ == "__main__":
    main(sys.argv[1:])
