"""Streams of publishers on their way to a decoder: open, they pass byte for byte; another decoder is given the end of
the stream, behind headers that came in it, and however the bytes come in, it is the same."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from streaming.live.entry.way import entry_of
from streaming.live.ingest.publisher import Container
from streaming.live.ingest.rtmp.flv import header, tag
from tests.fuzz.corpus import SEEDS
from tests.streaming.live.entry import test_flv, test_ts

_SEEDS: Final = tuple(file.read_bytes() for file in sorted((SEEDS / "entries").glob("*"))) or (b"",)
PIECES: Final = (
    header(), tag(18, 0, test_flv.METADATA), tag(9, 0, test_flv.AVC), tag(8, 0, test_flv.AAC), tag(9, 40, test_flv.KEY),
    tag(9, 80, test_flv.PICTURE), tag(9, 120, test_flv.ENHANCED_KEY), test_ts.PROGRAMMES, test_ts.MAP, test_ts.MORE,
    test_ts.KEY, test_ts.LATER, b"\0\0\0\x10moof", b"\0\0\0\x08mdat",
)  # fmt: skip

STRATEGY: Final = st.lists(st.sampled_from(PIECES + _SEEDS) | st.binary(max_size=40), max_size=12).map(b"".join)


def target(body: bytes) -> None:
    for form in Container:
        shut, step = len(body) // 3, 1 + len(body) % 97
        found = [_entered(form, body, shut, size) for size in (step, len(body) or 1)]
        if form is not Container.MPEG_TS:  # of damage there it depends on what has come where the next packet is sought
            assert found[0] == found[1]


def _entered(form: Container, body: bytes, shut: int, size: int) -> bytes:
    entry = entry_of(form)
    for at in range(0, shut, size):
        piece = body[at : min(at + size, shut)]
        assert entry.passed(piece) == piece
    entry.shut()
    found = b"".join(entry.passed(body[at : at + size]) for at in range(shut, len(body), size))
    assert len(found) <= 2 * len(body)
    assert body.endswith(found[-8:])  # no tag, box or packet is shorter
    return found
