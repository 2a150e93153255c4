"""SCTE 35 from whoever has a stream key: a transport stream never breaks its reader, a section is understood or
refused, and what is understood makes date ranges that a playlist can hold."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from streaming.live.timeline.model import tag_of
from streaming.live.timeline.scte35.pairing import Begun, Pairing
from streaming.live.timeline.scte35.sections import SectionScanner
from streaming.live.timeline.scte35.splice import LONGEST, BrokenSection, parse
from tests.streaming.live.timeline.scte35.spliced import (
    SPLICES,
    Stream,
    cancelled,
    insert,
    segmentation,
    signal,
    summed,
)

_STREAM: Final = Stream()
SECTIONS: Final = (
    insert(7, 900, out=True, seconds=30, auto=True), insert(7, None, out=False), cancelled(7),
    signal(5, segmentation(1, 0x10), segmentation(2, 0x30, seconds=9)), signal(None, segmentation(1, 0x11)),
)  # fmt: skip
PIECES: Final = (
    _STREAM.tables(), _STREAM.clock(9), *(_STREAM.sections(SPLICES, section) for section in SECTIONS),
    b"G", b"\xfc\x30\xff", b"CUEI",
)  # fmt: skip

_STREAMS: Final = st.lists(st.sampled_from(PIECES) | st.binary(max_size=60), max_size=8).map(b"".join)
STRATEGY: Final = _STREAMS | st.sampled_from(SECTIONS).map(lambda section: section[:-4])

_DAWN: Final = 1_795_334_400_000


def target(body: bytes) -> None:
    scanner, pairing = SectionScanner(), Pairing()
    step = 1 + len(body) % 397
    found = [section for at in range(0, len(body), step) for section in scanner.feed(body[at : at + step])]
    for number, section in enumerate([*found, summed(body[: LONGEST - 4])]):
        try:
            splice = parse(section)
        except BrokenSection:
            continue
        for change in [*pairing.take(splice, _DAWN + 7000 * number), *pairing.due(_DAWN + 9000 * number)]:
            if isinstance(change, Begun):
                assert tag_of(change.mark, "org.example").render()
            else:
                assert change.more.duration is not None
                assert change.more.duration >= 0
