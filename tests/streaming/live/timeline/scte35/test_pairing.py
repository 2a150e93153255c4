from __future__ import annotations

from fractions import Fraction

import pytest

from manifests.hls import date_time
from streaming.live.timeline.model import Kind, Mark
from streaming.live.timeline.scte35.pairing import Begun, Pairing, Said
from streaming.live.timeline.scte35.splice import parse
from tests.manifests.live.paces import DAWN
from tests.streaming.live.timeline.scte35 import spliced
from tests.streaming.live.timeline.scte35.spliced import segmentation, signal

OUT, IN = spliced.insert(7, 1, out=True, seconds=30), spliced.insert(7, 2, out=False)


def take(pairing: Pairing, section: bytes, at_ms: int = DAWN) -> list[Begun | Said]:
    return pairing.take(parse(section), at_ms)


def test_out_and_in_are_one_range() -> None:
    pairing = Pairing()
    (begun,) = take(pairing, OUT)
    assert isinstance(begun, Begun)
    assert begun.mark == Mark(
        id=f"scte35-7-0-{DAWN}", kind=Kind.AD, at=date_time.from_ms(DAWN), planned=Fraction(30)
    )  # fmt: skip
    assert (begun.splice.scte35_out, begun.splice.scte35_in, begun.splice.scte35_cmd) == (OUT, None, None)
    (said,) = take(pairing, IN, DAWN + 29_500)
    assert isinstance(said, Said)
    assert (said.mark, said.more.duration, said.more.scte35_in) == (begun.mark.id, Fraction(59, 2), IN)
    assert take(pairing, IN, DAWN + 29_500) == []
    assert pairing.due(DAWN + 10**9) == []


def test_an_announcement_that_is_repeated_or_made_by_both_publishers_counts_once() -> None:
    pairing = Pairing()
    assert len(take(pairing, OUT)) == 1
    assert take(pairing, OUT, DAWN + 40) == []
    take(pairing, IN, DAWN + 20_000)
    assert take(pairing, OUT, DAWN - 40) == []
    (again,) = take(pairing, OUT, DAWN + 600_000)  # the next break has the same id
    assert isinstance(again, Begun)


@pytest.mark.parametrize(("auto", "late_ms"), [(True, 0), (False, 60_000)])
def test_a_break_ends_when_nobody_says_so(auto: bool, late_ms: int) -> None:
    pairing = Pairing()
    (begun,) = take(pairing, spliced.insert(7, 1, out=True, seconds=30, auto=auto))
    assert pairing.due(DAWN + 29_999 + late_ms) == []
    (said,) = pairing.due(DAWN + 30_000 + late_ms)
    assert isinstance(said, Said)
    assert isinstance(begun, Begun)
    assert (said.mark, said.more.duration, said.more.scte35_in) == (begun.mark.id, 30, None)


def test_a_break_that_is_called_off_lasts_for_no_time() -> None:
    pairing = Pairing()
    take(pairing, OUT)
    (said,) = take(pairing, spliced.cancelled(7))
    assert isinstance(said, Said)
    assert said.more.duration == 0
    assert take(pairing, IN, DAWN + 9) == []


def test_one_signal_ends_one_thing_and_begins_another() -> None:
    pairing = Pairing()
    take(pairing, signal(1, segmentation(1, 0x30, seconds=30)))
    both = signal(2, segmentation(1, 0x31), segmentation(2, 0x32, seconds=15))
    said, begun = take(pairing, both, DAWN + 30_000)
    assert isinstance(said, Said)
    assert isinstance(begun, Begun)
    assert (said.more.scte35_in, said.more.duration, begun.splice.scte35_out) == (both, 30, both)


def test_programmes_and_chapters_are_no_splices() -> None:
    pairing = Pairing()
    start, end = signal(1, segmentation(1, 0x10)), signal(2, segmentation(1, 0x11))
    (begun,) = take(pairing, start)
    assert isinstance(begun, Begun)
    assert (begun.mark.kind, begun.mark.duration, begun.splice.scte35_cmd) == (Kind.PROGRAM, None, start)
    said, instant = take(pairing, end, DAWN + 60_000)
    assert isinstance(said, Said)
    assert isinstance(instant, Begun)
    assert (said.more.duration, said.more.scte35_in) == (60, None)
    assert (instant.mark.duration, instant.splice.scte35_cmd) == (0, end)
    (chapter,) = take(pairing, signal(1, segmentation(3, 0x20)))
    assert isinstance(chapter, Begun)
    assert chapter.mark.kind is Kind.MARKER


def test_what_says_nothing_of_a_moment() -> None:
    pairing = Pairing()
    assert take(pairing, spliced.section(0, b"")) == []
    assert take(pairing, IN) == []  # the way out was before us
    (private,) = take(pairing, spliced.section(0xFF, b"CUEIx"))
    assert isinstance(private, Begun)
    assert private.mark.duration == 0


def test_the_next_process_ends_what_this_one_has_begun() -> None:
    (begun,) = take(Pairing(), OUT)
    assert isinstance(begun, Begun)
    following = Pairing([begun.mark])
    assert take(following, OUT) == []
    (said,) = take(following, IN, DAWN + 29_000)
    assert isinstance(said, Said)
    assert (said.mark, said.more.duration) == (begun.mark.id, 29)
