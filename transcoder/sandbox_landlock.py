"""Landlock (landlock(7)): from here on this process, and what it becomes, opens what it was given and nothing else.

Standard library only, and little of that: the launcher imports it by its path between our process and ffmpeg.
"""

import ctypes
import os
import stat

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1

# linux/landlock.h: LANDLOCK_ACCESS_FS_…
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_ALL_OF = {1: _REFER - 1, 2: _TRUNCATE - 1, 3: _IOCTL_DEVICE - 1, 4: _IOCTL_DEVICE - 1, 5: 2 * _IOCTL_DEVICE - 1}
_TCP = 0b11  # bind, connect: since version 4
_SCOPES = 0b11  # abstract UNIX sockets, signals to processes outside: since version 6

_RIGHTS = {
    "x": _READ_FILE | _READ_DIR | _EXECUTE,
    "r": _READ_FILE | _READ_DIR,
    "w": ~(_EXECUTE | _IOCTL_DEVICE),
}


class _Attributes(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("fd", ctypes.c_int32))


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    answer = int(libc.syscall(ctypes.c_long(number), *arguments))
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"landlock: {os.strerror(code)}")
    return answer


def version() -> int:
    """Which Landlock this kernel has; 0: none."""
    try:
        return _call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))
    except OSError:
        return 0


def restrict(rules: list[str]) -> None:
    """Shut everything but the `rules`: each one letter and a path that is there (what lies beneath it, too).

    `x`: read and execute; `r`: read; `w`: read, write, make and remove. What is not there needs no rule and is passed
    over. Raises OSError if this kernel has no Landlock.
    """
    have = version()
    every = _ALL_OF[min(max(have, 1), 5)]
    attributes = _Attributes(fs=every, net=_TCP if have >= 4 else 0, scoped=_SCOPES if have >= 6 else 0)
    size = 8 if have < 4 else 16 if have < 6 else 24
    ruleset = _call(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0))
    for rule in rules:
        try:
            fd = os.open(rule[1:], os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        rights = _RIGHTS[rule[0]] & every
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights &= _OF_FILES
        beneath = _PathBeneath(allowed=rights, fd=fd)
        _call(_ADD_RULE, ruleset, ctypes.c_int(_RULE_PATH_BENEATH), ctypes.byref(beneath), ctypes.c_uint32(0))
        os.close(fd)
    _call(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0))
    os.close(ruleset)
