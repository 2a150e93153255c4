from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st

from streaming.live.timeline.scte35.sections import SectionScanner
from streaming.live.timeline.scte35.splice import parse
from tests.streaming.live.timeline.scte35 import spliced
from tests.streaming.live.timeline.scte35.spliced import SPLICES, VIDEO, Stream

if TYPE_CHECKING:
    from pathlib import Path

SHORT = spliced.insert(1, 900, out=True, seconds=30)
LONG = spliced.section(0xFF, b"CUEI" + b"x" * 400)


def scanned(stream: bytes, size: int = 1 << 16) -> list[bytes]:
    scanner = SectionScanner()
    return [found for at in range(0, len(stream), size) for found in scanner.feed(stream[at : at + size])]


@settings(max_examples=30)
@given(st.integers(1, 600))
@example(188)
def test_sections_come_whole_however_the_stream_is_cut(size: int) -> None:
    stream = Stream()
    written = (
        stream.tables() + stream.clock(5) + stream.sections(SPLICES, SHORT) + stream.sections(SPLICES, LONG)
        + stream.clock(6) + stream.tables() + stream.sections(SPLICES, SHORT, LONG, SHORT)
    )  # fmt: skip
    assert scanned(written, size) == [SHORT, LONG, SHORT, LONG, SHORT]


def test_a_stream_that_begins_anywhere_is_found() -> None:
    stream = Stream()
    before = stream.sections(SPLICES, SHORT)[50:]
    assert scanned(before + b"\x47noise" * 9 + stream.tables() + stream.sections(SPLICES, SHORT)) == [SHORT]


def test_what_is_lost_takes_its_section_along_and_no_other() -> None:
    stream = Stream()
    tables, long, short = stream.tables(), stream.sections(SPLICES, LONG), stream.sections(SPLICES, SHORT)
    assert len(long) == 3 * 188
    assert scanned(tables + long[:188] + long[376:] + short) == [SHORT]
    twice = long[:188] + long[:188] + long[188:]
    assert scanned(tables + twice + short) == [LONG, SHORT]


def test_other_streams_are_left_alone() -> None:
    stream = Stream(streams=[(0x1B, VIDEO), (0x06, SPLICES)])
    assert scanned(stream.tables() + stream.sections(SPLICES, SHORT)) == []


def test_the_clock_of_the_stream() -> None:
    stream, scanner = Stream(), SectionScanner()
    scanner.feed(stream.tables() + stream.clock(2**33 + 77))
    assert scanner.clock == 77
    scanner.feed(stream.clock(12_345) + stream.clock(12_346))
    assert scanner.clock in {12_345, 12_346}


@settings(max_examples=100)
@given(st.lists(st.binary(max_size=400) | st.sampled_from([0, 1, 2, 3, 4]), max_size=12))
def test_whatever_comes_nothing_breaks(pieces: list[bytes | int]) -> None:
    stream = Stream()
    known = [
        stream.tables(), stream.sections(SPLICES, SHORT), stream.clock(9),
        stream.sections(SPLICES, b"\xfc\xff\xff" + b"y" * 300), stream.sections(0, b"\0\xbf\xff" + b"z" * 200),
    ]  # fmt: skip
    scanner = SectionScanner()
    for piece in pieces:
        scanner.feed(piece if isinstance(piece, bytes) else known[piece])
    assert len(scanner._rest) < 188
    assert all(len(each.body) <= 5000 for each in scanner._gathering.values())


def test_a_stream_of_somebody_else(media: Path) -> None:
    heard = [parse(section) for section in scanned((media / "odd" / "ax_sample_scte35.ts").read_bytes())]
    out, again, back = heard
    assert out == again
    assert [(each.pts, each.insert and each.insert.out) for each in (out, back)] == [(200_000, True), (300_000, False)]
    assert {each.insert and each.insert.event for each in heard} == {100}
