from __future__ import annotations

import errno
import os
import platform
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from transcoder.sandbox import Limits, wrap
from transcoder.sandbox_cage import Cage
from transcoder.sandbox_filter import program

if TYPE_CHECKING:
    from pathlib import Path

_ALLOWED = 0x7FFF0000
_REFUSED = 0x00050000


def _verdict(code: bytes, *, architecture: int, number: int, argument: int = 0, second: int = 0) -> int:
    """What a filter returns: the few instructions that it is made of, interpreted (linux/filter.h)."""
    fields = {0: number, 4: architecture, 16: argument, 24: second}
    instructions = list(struct.iter_unpack("=HBBI", code))
    place = value = 0
    while True:
        operation, if_true, if_false, operand = instructions[place]
        place += 1
        match operation:
            case 0x20:
                value = fields[operand]
            case 0x54:
                value &= operand
            case 0x15:
                place += if_true if value == operand else if_false
            case 0x35:
                place += if_true if value >= operand else if_false
            case 0x45:
                place += if_true if value & operand else if_false
            case 0x06:
                return int(operand)
            case _:
                raise AssertionError(operation)


_X86, _ARM = 0xC000003E, 0xC00000B7


@pytest.mark.parametrize(
    ("machine", "architecture", "number", "verdict"),
    [
        ("x86_64", _X86, 0, _ALLOWED),  # read
        ("x86_64", _X86, 41, _REFUSED | errno.EPERM),  # socket
        ("x86_64", _X86, 42, _REFUSED | errno.EPERM),  # connect
        ("x86_64", _X86, 53, _ALLOWED),  # socketpair
        ("x86_64", _X86, 0x40000000 + 41, _REFUSED | errno.EPERM),  # socket, by its other number
        ("x86_64", 0x40000003, 102, 0x80000000),  # i386's socketcall: another table altogether
        ("x86_64", _X86, 101, _REFUSED | errno.EPERM),  # ptrace
        ("x86_64", _X86, 425, _REFUSED | errno.EPERM),  # io_uring_setup
        ("aarch64", _ARM, 198, _REFUSED | errno.EPERM),  # socket
        ("aarch64", _ARM, 63, _ALLOWED),  # read
        ("aarch64", _ARM, 41, _REFUSED | errno.EPERM),  # pivot_root
        ("aarch64", _X86, 0, 0x80000000),
    ],
)
@pytest.mark.parametrize("may_fork", [True, False])
def test_calls_are_told_apart(machine: str, architecture: int, number: int, verdict: int, may_fork: bool) -> None:
    assert _verdict(program(machine, may_fork=may_fork), architecture=architecture, number=number) == verdict


@pytest.mark.parametrize(("machine", "architecture", "clone"), [("x86_64", _X86, 56), ("aarch64", _ARM, 220)])
def test_threads_are_no_processes(machine: str, architecture: int, clone: int) -> None:
    code = program(machine, may_fork=False)
    thread, process = 0x003D0F00, 0x01200011  # what the C library asks for
    assert _verdict(code, architecture=architecture, number=clone, argument=thread) == _ALLOWED
    assert _verdict(code, architecture=architecture, number=clone, argument=process) == _REFUSED | errno.EPERM
    assert _verdict(code, architecture=architecture, number=435) == _REFUSED | errno.ENOSYS
    free = program(machine, may_fork=True)
    assert _verdict(free, architecture=architecture, number=clone, argument=process) == _ALLOWED


@pytest.mark.parametrize(
    ("machine", "architecture", "socket", "bind", "connect"),
    [("x86_64", _X86, 41, 49, 42), ("aarch64", _ARM, 198, 200, 203)],
)
def test_datagrams_alone(machine: str, architecture: int, socket: int, bind: int, connect: int) -> None:
    code = program(machine, may_fork=False, datagrams=True)
    stream, datagrams, close_on_exec = 1, 2, 0x80000
    refused = _REFUSED | errno.EPERM
    for kind, verdict in (
        (datagrams, _ALLOWED),
        (datagrams | close_on_exec, _ALLOWED),
        (stream, refused),
        (3, refused),
    ):
        assert _verdict(code, architecture=architecture, number=socket, second=kind) == verdict
    assert _verdict(code, architecture=architecture, number=bind) == _ALLOWED
    for denied in (connect, {"x86_64": 101, "aarch64": 117}[machine]):  # ptrace: the number is still the call's
        assert _verdict(code, architecture=architecture, number=denied, second=datagrams) == refused


def test_a_machine_that_nobody_knows_has_no_filter() -> None:
    assert program("riscv64", may_fork=False) == b""


@pytest.mark.skipif(not program(platform.machine(), may_fork=True), reason="no filter for this machine")
@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"])
def test_the_kernel_has_no_socket_for_a_child(family: str, tmp_path: Path) -> None:
    code = f"import socket; socket.socket(socket.{family}, socket.SOCK_DGRAM)"
    command = wrap([sys.executable, "-I", "-c", code], Limits(), cage=Cage.PLAIN, cwd=tmp_path)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"[Errno {errno.EPERM}] {os.strerror(errno.EPERM)}" in done.stderr
