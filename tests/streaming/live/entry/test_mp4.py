"""Which fragment a decoder enters with, and what stands before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streaming.live.entry.mp4 import Mp4Entry
from tests.streaming.live.health.test_scanners import EACH
from transcoder.boxes import read_boxes

if TYPE_CHECKING:
    from collections.abc import Callable


def boxes(stream: bytes) -> list[tuple[bytes, bytes]]:
    return [(box.kind, stream[box.start : box.end]) for box in read_boxes(stream)]


def test_the_init_section_and_then_whole_fragments(stream_of: Callable[..., bytes]) -> None:
    found = boxes(stream_of("mp4", *EACH))
    media = [body for kind, body in found if kind in (b"moof", b"mdat")]
    init = b"".join(body for kind, body in found if kind in (b"ftyp", b"moov"))
    entry = Mp4Entry()
    entry.passed(init)
    lengths = []
    for place in range(0, len(media), 2):
        entry.shut()
        given = entry.passed(b"".join(media[place:]))
        assert given == b"" or given.startswith(init)
        rest = given.removeprefix(init)
        assert b"".join(media).endswith(rest)
        lengths.append(len(boxes(rest)))
    # Five key pictures; until there is none any more.
    assert len(set(lengths)) == 6
    assert lengths == sorted(lengths, reverse=True)


def test_a_header_larger_than_any_is_ends_it() -> None:
    entry = Mp4Entry()
    entry.passed(b"\x00\x00\x00\x08free")
    entry.shut()
    assert entry.passed((2 << 20).to_bytes(4, "big") + b"moof" + bytes(4 << 20)) == b""
    assert entry.passed(bytes(100)) == b""
    assert entry._rest == b""
