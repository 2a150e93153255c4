"""PARENT CPU MEMORY FILE OPEN_FILES NICE COMMAND…: put limits on this process, then become the command.

A program of its own, on the standard library alone: it runs between our process and ffmpeg and must start fast.
"""

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2); survives execve
_NOT_STARTED = 127


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (ceiling, ceiling))


def main(arguments: list[str]) -> None:
    parent, cpu, memory, file, open_files, nice = (int(word) for word in arguments[:6])
    command = arguments[6:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the signal was asked for
        raise SystemExit(_NOT_STARTED)
    _limit(resource.RLIMIT_CPU, cpu)
    # Private writable memory, not address space: each thread's malloc arena reserves 64 MiB that it never uses.
    _limit(resource.RLIMIT_DATA, memory)
    _limit(resource.RLIMIT_FSIZE, file)
    _limit(resource.RLIMIT_NOFILE, open_files)
    _limit(resource.RLIMIT_CORE, 0)
    if nice:
        os.nice(nice)
        try:
            # A session of its own is an autogroup of its own (sched(7)): niceness counts between those, not within.
            with open("/proc/self/autogroup", "w") as autogroup:  # noqa: PTH123 - pathlib would be loaded for it
                autogroup.write(str(nice))
        except OSError:
            pass  # this kernel has none, or lets nobody change it so soon again
    # Python ignores SIGPIPE; a command expects to be told that its reader is gone.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell: that is the point
    except OSError as exc:
        os.write(2, f"{command[0]}: {exc.strerror}\n".encode())
        raise SystemExit(_NOT_STARTED) from None


if __name__ == "__main__":
    main(sys.argv[1:])
