from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.live.timeline.scte35.splice import (
    LONGEST,
    WRAP,
    Break,
    BrokenSection,
    Command,
    Segmentation,
    Splice,
    check_sum,
    parse,
)
from tests.streaming.live.timeline.scte35 import spliced


def decoded(text: str) -> Splice:
    return parse(base64.b64decode(text))


def test_the_examples_of_the_standard() -> None:
    """SCTE 35 §14; the values are those that threefive 3.1.5 reads."""
    start = decoded("/DA0AAAAAAAA///wBQb+cr0AUAAeAhxDVUVJSAAAjn/PAAGlmbAICAAAAAAsoKGKNAIAmsnRfg==")
    assert (start.command, start.pts) == (Command.TIME_SIGNAL, 1_924_989_008)
    assert start.segmentations == (Segmentation(event=0x4800008E, type=0x34, duration=307 * 90_000),)
    out = decoded("/DAvAAAAAAAA///wFAVIAACPf+/+c2nALv4AUsz1AAAAAAAKAAhDVUVJAAABNWLbowo=")
    assert (out.command, out.pts) == (Command.INSERT, 1_936_310_318)
    assert out.insert == Break(event=0x4800008F, out=True, duration=5_426_421, auto_return=True)
    end = decoded("/DAvAAAAAAAA///wBQb+dGKQoAAZAhdDVUVJSAAAjn+fCAgAAAAALKChijUCAKnMZ1g=")
    assert end.segmentations == (Segmentation(event=0x4800008E, type=0x35),)


@given(
    event=st.integers(0, 2**32 - 1), pts=st.none() | st.integers(0, WRAP - 1), out=st.booleans(),
    seconds=st.none() | st.integers(0, 3600), auto=st.booleans(), adjustment=st.integers(0, WRAP - 1),
)  # fmt: skip
def test_breaks(
    event: int, pts: int | None, out: bool, seconds: int | None, auto: bool, adjustment: int
) -> None:  # fmt: skip
    found = parse(spliced.insert(event, pts, out=out, seconds=seconds, auto=auto, adjustment=adjustment))
    lasts = None if seconds is None else 90_000 * seconds
    assert found.insert == Break(event=event, out=out, duration=lasts, auto_return=auto and seconds is not None)
    assert found.pts == (None if pts is None else (pts + adjustment) % WRAP)


def test_what_is_called_off() -> None:
    assert parse(spliced.cancelled(7)).insert == Break(event=7, cancelled=True)


def test_one_signal_says_several_things() -> None:
    found = parse(spliced.signal(5, spliced.segmentation(1, 0x31), spliced.segmentation(2, 0x30, seconds=9)))
    assert [(each.event, each.type, each.duration) for each in found.segmentations] == [
        (1, 0x31, None),
        (2, 0x30, 810_000),
    ]


@pytest.mark.parametrize(
    ("section", "why"),
    [
        (b"", "no_section"),
        (b"\0" * 30, "no_section"),
        (spliced.insert(1, 2, out=True)[:-1] + b"\0", "check_sum"),
        (spliced.section(0, b"", encrypted=True), "encrypted"),
        (spliced.section(5, b"\0\0\0\1"), "short"),
        (spliced.section(6, b""), "length"),
        (spliced.section(0xFF, b"x" * LONGEST), "too_long"),
        (spliced.signal(1, b"\x02\xff" + b"CUEI"), "short"),
        (spliced.signal(1, b"\x02\x05" + b"CUEI\0"), "short"),
    ],
)
def test_what_cannot_be_understood(section: bytes, why: str) -> None:
    with pytest.raises(BrokenSection, match=why):
        parse(section)


@given(st.binary(max_size=80), st.sampled_from([0, 4, 5, 6, 7, 0xFF]), st.binary(max_size=40))
def test_whatever_comes_it_is_understood_or_refused(body: bytes, command: int, loop: bytes) -> None:
    try:
        found = parse(spliced.section(command, body, loop))
    except BrokenSection:
        return
    assert found.body.startswith(b"\xfc")


@given(st.binary(max_size=200))
def test_a_body_with_its_check_sum_has_none_left(body: bytes) -> None:
    assert check_sum(spliced.summed(body)) == 0
