"""The init section of a protected track, and what it was before (ISO/IEC 14496-12 §8.12, ISO/IEC 23001-7 §8). Pure.

The sample entry is called `encv` or `enca` and gets a `sinf`, which keeps its own name and says scheme, key and
initialization vector; `moov` gets a `pssh` that every system understands. Both are functions of the clear section and
the key alone, so that all workers write the same, and both can be taken out again to the byte.
"""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from transcoder.boxes import read_boxes, write, write_full
from transcoder.encryption.common_cipher import BLOCK, CRYPT, IV_SIZE, SKIP
from transcoder.errors import OutputBroken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COMMON_SYSTEM: Final = bytes.fromhex("1077efecc0b24d02ace33c1e52e2fb4b")
"""The system of a `pssh` that lists key ids and nothing else, for whatever system a player has (W3C, "cenc"
Initialization Data Format §3)."""
_STBL: Final = (b"trak", b"mdia", b"minf", b"stbl")
_VIDEO, _SOUND = b"encv", b"enca"
_LEADS: Final = {b"stsd": 8, _VIDEO: 78, _SOUND: 28}
"""Bytes between a header and the boxes inside: version and count (§8.5.2), what a sample entry says (§12.1.3,
§12.2.3)."""
_HEADER: Final = 8


def constant_iv(kid: bytes) -> bytes:
    """The initialization vector of `cbcs` under the key of this id. It stands in init sections and is no secret."""
    return sha256(b"constant iv" + kid).digest()[:BLOCK]


def protected_init(init: bytes, *, kid: bytes, iv: bytes | None) -> bytes:
    """The section of a track under the key with this id of 16 bytes: `cbcs` with the constant `iv` of 16 bytes, `cenc`
    without one. Raises OutputBroken for what has not exactly one clear sample entry."""

    def protect(entry: bytes) -> bytes:
        kind = entry[4:_HEADER]
        if kind in _LEADS:
            raise OutputBroken("an init section that is protected already")
        sound = _is_sound(kind)
        return write(_SOUND if sound else _VIDEO, entry[_HEADER:], _sinf(kind, kid, iv, pattern=not sound))

    def with_pssh(moov: bytes) -> bytes:
        return write(b"moov", _with_entry(moov[_HEADER:], protect), _pssh(kid))

    return _edited(init, (b"moov",), with_pssh)


def clear_init(init: bytes) -> bytes:
    """What `protected_init` was given. Raises OutputBroken for anything else than what that made."""

    def clear(entry: bytes) -> bytes:
        lead = _HEADER + _LEADS.get(entry[4:_HEADER], 0)
        boxes = list(read_boxes(entry, lead)) if lead > _HEADER else []
        if not boxes or boxes[-1].kind != b"sinf":
            raise OutputBroken("an init section that is not protected")
        frma = next(read_boxes(entry, boxes[-1].body, boxes[-1].end))
        return write(entry[frma.body : frma.body + 4], entry[_HEADER : boxes[-1].start])

    def without_pssh(moov: bytes) -> bytes:
        boxes = _with_entry(moov[_HEADER:], clear)
        return write(b"moov", *(boxes[box.start : box.end] for box in read_boxes(boxes) if box.kind != b"pssh"))

    return _edited(init, (b"moov",), without_pssh)


def is_sound(init: bytes) -> bool:
    """Whether the track of a clear init section is one of sound."""
    kinds: list[bytes] = []

    def look(entry: bytes) -> bytes:
        kinds.append(entry[4:_HEADER])
        return entry

    _edited(init, (b"moov",), lambda moov: write(b"moov", _with_entry(moov[_HEADER:], look)))
    return _is_sound(kinds[0])


def _is_sound(kind: bytes) -> bool:
    return kind == b"mp4a"


def _sinf(kind: bytes, kid: bytes, iv: bytes | None, *, pattern: bool) -> bytes:
    """`frma`, `schm` and `schi` with a `tenc` (ISO/IEC 23001-7 §8.2): version 0 of `cenc`, 1 of `cbcs`, which alone
    has a pattern and a constant initialization vector."""
    if iv is None:
        tenc = write_full(b"tenc", 0, 0, bytes((0, 0, 1, IV_SIZE)), kid)
    else:
        tenc = write_full(
            b"tenc", 1, 0, bytes((0, CRYPT << 4 | SKIP if pattern else 0, 1, 0)), kid, bytes((BLOCK,)), iv
        )
    scheme = write_full(b"schm", 0, 0, b"cenc" if iv is None else b"cbcs", struct.pack(">I", 0x00010000))
    return write(b"sinf", write(b"frma", kind), scheme, write(b"schi", tenc))


def _pssh(kid: bytes) -> bytes:
    """Version 1 (ISO/IEC 23001-7 §8.1): one key id, no bytes of a system."""
    return write_full(b"pssh", 1, 0, COMMON_SYSTEM, struct.pack(">I", 1), kid, bytes(4))


def _with_entry(moov: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The boxes of a `moov` with its only sample entry changed."""

    def in_stsd(stsd: bytes) -> bytes:
        lead = _HEADER + _LEADS[b"stsd"]
        if len(list(read_boxes(stsd, lead))) != 1:
            raise OutputBroken("not one sample entry")
        return write(b"stsd", stsd[_HEADER:lead], change(stsd[lead:]))

    return _edited(moov, (*_STBL, b"stsd"), in_stsd)


def _edited(boxes: bytes, path: Sequence[bytes], change: Callable[[bytes], bytes]) -> bytes:
    """Boxes side by side, with the only one at `path` changed. Raises OutputBroken if there is another number of it."""
    parts, found = [], 0
    for box in read_boxes(boxes):
        body = boxes[box.start : box.end]
        if box.kind == path[0]:
            found += 1
            if len(path) == 1:
                body = change(body)
            else:
                body = write(box.kind, _edited(boxes[box.body : box.end], path[1:], change))
        parts.append(body)
    if found != 1:
        raise OutputBroken(f"{found} {path[0]!r}, not 1")
    return b"".join(parts)
