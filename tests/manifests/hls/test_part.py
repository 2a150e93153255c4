from __future__ import annotations

from fractions import Fraction

import pytest

from manifests.errors import PlaylistError
from manifests.hls import part
from manifests.hls.byte_range import ByteRange
from manifests.hls.lines import Tag
from manifests.hls.part import Part


def read(value: str, before: Part | None = None) -> Part:
    return part.parse(Tag(name=part.TAG, value=value, line=3), before=before)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('DURATION=0.32,URI="8-0.m4s"', Part(uri="8-0.m4s", duration=Fraction(8, 25))),
        (
            'DURATION=0.533334,URI="a",INDEPENDENT=YES',
            Part(uri="a", duration=Fraction(533334, 10**6), independent=True),
        ),
        ('DURATION=1,URI="a",GAP=YES', Part(uri="a", duration=Fraction(1), gap=True)),
        (
            'DURATION=1,URI="a",BYTERANGE="5@7"',
            Part(uri="a", duration=Fraction(1), byte_range=ByteRange(start=7, length=5)),
        ),
    ],
)
def test_both_ways(text: str, value: Part) -> None:
    assert read(text) == value
    assert value.render() == f"#EXT-X-PART:{text}"


def test_a_range_goes_on_from_the_part_before_it() -> None:
    first = read('DURATION=1,URI="a",BYTERANGE="5@7"')
    assert read('DURATION=1,URI="a",BYTERANGE="3"', first).byte_range == ByteRange(start=12, length=3)
    with pytest.raises(PlaylistError, match="where it begins"):
        read('DURATION=1,URI="b",BYTERANGE="3"', first)


@pytest.mark.parametrize("text", ['URI="a"', "DURATION=1", 'DURATION=-1,URI="a"', 'DURATION=1,URI="a",INDEPENDENT=1'])
def test_what_breaks_a_rule_is_refused(text: str) -> None:
    with pytest.raises(PlaylistError, match="line 3"):
        read(text)


def test_a_duration_that_has_no_decimal_form_is_refused() -> None:
    with pytest.raises(PlaylistError, match="DURATION"):
        Part(uri="a", duration=Fraction(8, 15)).render()


LONG, SHORT = Fraction(32, 100), Fraction(1, 10)
EDGE = Fraction(85, 100) * LONG


@pytest.mark.parametrize(
    ("parts", "allowed"),
    [
        ([(LONG, ""), (LONG, "")], True),
        ([(EDGE, ""), (LONG, "")], True),
        ([(EDGE - Fraction(1, 10**6), ""), (LONG, "")], False),
        ([(LONG + Fraction(1, 10**6), "")], False),
        ([(SHORT, "independent"), (LONG, "")], True),
        ([(SHORT, "gap"), (LONG, "")], True),
        ([(SHORT, ""), (LONG, "gap")], True),
        ([(LONG, ""), (SHORT, "")], True),
        ([(SHORT, ""), (SHORT, "")], False),
    ],
)
def test_no_part_is_longer_than_the_target_and_few_are_much_shorter(
    parts: list[tuple[Fraction, str]], allowed: bool
) -> None:
    made = [
        Part(uri="a", duration=duration, independent=mark == "independent", gap=mark == "gap")
        for duration, mark in parts
    ]
    if allowed:
        part.check_durations(made, LONG)
    else:
        with pytest.raises(PlaylistError, match="PART-TARGET"):
            part.check_durations(made, LONG)


def test_the_target_both_ways() -> None:
    assert part.render_target(LONG) == "#EXT-X-PART-INF:PART-TARGET=0.32"
    assert part.parse_target(Tag(name=part.INF, value="PART-TARGET=0.32", line=1)) == LONG
    with pytest.raises(PlaylistError, match="PART-TARGET"):
        part.render_target(Fraction(8, 15))
    with pytest.raises(PlaylistError, match="known"):
        part.parse_target(Tag(name=part.INF, value="TARGET=1", line=1))
