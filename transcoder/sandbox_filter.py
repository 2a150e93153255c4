"""The system calls that no child may make, as a program for seccomp(2): the network, other processes, rare doors.

A list of what is denied, not of what is allowed: a new ffmpeg, C library or Python may call what none before it did,
and has no business with any of these. A denied call fails with EPERM and is no crime: libraries try, and go on without.
"""

from __future__ import annotations

import struct
from typing import Final

# linux/audit.h: AUDIT_ARCH_…
_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32: Final = 0x40000000  # numbers from here on are a second table of calls of x86-64, which we know nothing of

_ABSENT: Final = 0xFFFFFFFF
_DENIED: Final[dict[str, tuple[int, int]]] = {  # name: its number on x86-64, on AArch64
    # a way out: sockets (those that a child inherits still work)
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    # work in the kernel's name, past this filter
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    # other views of the file system
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    "quotactl": (179, 60),
    "acct": (163, 89),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    # other namespaces
    "unshare": (272, 97),
    "setns": (308, 268),
    # where kernels have had their holes
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "modify_ldt": (154, _ABSENT),
    "iopl": (172, _ABSENT),
    "ioperm": (173, _ABSENT),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "syslog": (103, 116),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
}
_CLONE: Final = {"x86_64": 56, "aarch64": 220}
_CLONE3: Final = 435
_FORKS: Final = {"x86_64": (57, 58), "aarch64": ()}
_CLONE_THREAD: Final = 0x00010000

# linux/filter.h, linux/seccomp.h
_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_AND: Final = 0x54  # BPF_ALU | BPF_AND | BPF_K
_EQUAL, _AT_LEAST, _ANY_BIT = 0x15, 0x35, 0x45  # BPF_JMP | BPF_J{EQ,GE,SET} | BPF_K
_RETURN: Final = 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24  # offsets in struct seccomp_data
_SOCKET_TYPES, _DATAGRAMS = 0xF, 2  # SOCK_TYPE_MASK, SOCK_DGRAM


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _deny(number: int, error: int = _EPERM) -> bytes:
    return _instruction(_EQUAL, number, 0, 1) + _instruction(_RETURN, _ERROR | error)


def _deny_but_datagrams(number: int) -> bytes:
    """socket(2) makes one for datagrams, or none."""
    return (
        _instruction(_EQUAL, number, 0, 5)
        + _instruction(_LOAD, _SECOND_ARGUMENT)
        + _instruction(_AND, _SOCKET_TYPES)
        + _instruction(_EQUAL, _DATAGRAMS, 1, 0)
        + _instruction(_RETURN, _ERROR | _EPERM)
        + _instruction(_LOAD, _NUMBER)
    )


def program(machine: str, *, may_fork: bool, datagrams: bool = False) -> bytes:
    """The filter (an array of struct sock_filter) for a `machine` as uname(2) names it; empty for one not known here.

    Without `may_fork` a child has threads and starts no process. With `datagrams` it may bind a socket for them (SRT is
    made of UDP); it still makes no connection, and no server of streams.
    """
    if machine not in _ARCHITECTURES:
        return b""
    column = list(_ARCHITECTURES).index(machine)
    code = _instruction(_LOAD, _ARCHITECTURE)
    code += _instruction(_EQUAL, _ARCHITECTURES[machine], 1, 0) + _instruction(_RETURN, _KILL)
    code += _instruction(_LOAD, _NUMBER)
    if machine == "x86_64":
        code += _instruction(_AT_LEAST, _X32, 0, 1) + _instruction(_RETURN, _ERROR | _EPERM)
    for name, numbers in _DENIED.items():
        if not datagrams or name not in ("socket", "bind"):
            code += _deny(numbers[column])
        elif name == "socket":
            code += _deny_but_datagrams(numbers[column])
    if not may_fork:
        for number in _FORKS[machine]:
            code += _deny(number)
        # Its flags lie in memory, where no filter sees them. A C library that is told it does not exist uses clone.
        code += _deny(_CLONE3, _ENOSYS)
        code += _instruction(_EQUAL, _CLONE[machine], 0, 3) + _instruction(_LOAD, _FIRST_ARGUMENT)
        code += _instruction(_ANY_BIT, _CLONE_THREAD, 1, 0) + _instruction(_RETURN, _ERROR | _EPERM)
    return code + _instruction(_RETURN, _ALLOW)
