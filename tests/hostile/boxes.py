"""Rewriting MP4 files box by box, sizes kept right: a change is where it is wanted and nowhere else."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"edts", b"moof", b"traf"}


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def split(body: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at + 8 <= len(body):
        size, kind = struct.unpack_from(">I4s", body, at)
        found.append((kind, body[at + 8 : at + size]))
        at += size
    return found


def change(body: bytes, kind: bytes, how: Callable[[bytes], bytes]) -> bytes:
    """`body` with the payload of every box of a kind changed, however deep it lies."""
    made = b""
    for name, payload in split(body):
        if name == kind:
            made += box(name, how(payload))
        else:
            made += box(name, change(payload, kind, how) if name in _CONTAINERS else payload)
    return made


def put(offset: int, fmt: str, *values: int) -> Callable[[bytes], bytes]:
    """A change that writes numbers over what stands at an offset of a payload."""

    def how(payload: bytes) -> bytes:
        written = struct.pack(fmt, *values)
        return payload[:offset] + written + payload[offset + len(written) :]

    return how


def with_tables_last(body: bytes, *, front: bytes = b"") -> bytes:
    """The tables behind the media, whose place stays what they say: then they may grow. A box of nothing comes before
    all others; it may begin with `front`.
    """
    found = dict(split(body))
    room = box(b"free", front.ljust(len(found[b"moov"]), b"\0"))
    rest = b"".join(box(kind, payload) for kind, payload in split(body) if kind not in (b"ftyp", b"moov"))
    return room + box(b"ftyp", found[b"ftyp"]) + rest + box(b"moov", found[b"moov"])
