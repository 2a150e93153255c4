from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.errors import PlaylistError
from manifests.hls import date_range, date_time
from manifests.hls.attributes import quotable
from manifests.hls.date_range import DateRange
from manifests.hls.lines import Tag

NOON = date_time.from_ms(1_795_348_800_000)
texts = st.text(max_size=12).map(quotable)
dates = st.integers(10**12, 2 * 10**12).map(date_time.from_ms)
seconds = st.integers(0, 10**10).map(lambda micros: Fraction(micros, 10**6))
values = st.one_of(
    texts,
    st.binary(min_size=1, max_size=20),
    st.tuples(st.sampled_from([1, -1]), seconds).map(lambda pair: pair[0] * pair[1]),
)
date_ranges = st.builds(
    DateRange,
    id=texts,
    class_=st.none() | texts,
    start=st.none() | dates,
    cue=st.sampled_from([(), ("PRE",), ("POST", "ONCE")]),
    duration=st.none() | seconds,
    planned_duration=st.none() | seconds,
    scte35_cmd=st.none() | st.binary(min_size=1, max_size=30),
    scte35_out=st.none() | st.binary(min_size=1, max_size=30),
    scte35_in=st.none() | st.binary(min_size=1, max_size=30),
    own=st.dictionaries(st.from_regex(r"X-[A-Z0-9-]{1,12}", fullmatch=True), values, max_size=3).map(
        lambda own: frozenset(own.items())
    ),
)


def read(line: str) -> DateRange:
    return date_range.parse(Tag(name=date_range.TAG, value=line.removeprefix("#EXT-X-DATERANGE:"), line=3))


@given(date_ranges)
def test_parse_is_the_inverse_of_render(value: DateRange) -> None:
    assert read(value.render()) == value


def test_every_attribute_both_ways() -> None:
    line = (
        '#EXT-X-DATERANGE:ID="splice-6FFFFFF0",CLASS="com.example.ad",START-DATE="2026-11-22T12:00:00.000Z",'
        'CUE="PRE,ONCE",END-DATE="2026-11-22T12:00:59.994Z",DURATION=59.994,PLANNED-DURATION=60,SCTE35-CMD=0xFC01,'
        'SCTE35-OUT=0xFC02,SCTE35-IN=0xFC03,X-COM-EXAMPLE-AD-ID="XYZ123",X-LEVEL=-1.5,X-RAW=0x00FF'
    )
    value = DateRange(
        id="splice-6FFFFFF0",
        class_="com.example.ad",
        start=NOON,
        cue=("PRE", "ONCE"),
        end=NOON + timedelta(milliseconds=59_994),
        duration=Fraction(59_994, 1000),
        planned_duration=Fraction(60),
        scte35_cmd=b"\xfc\x01",
        scte35_out=b"\xfc\x02",
        scte35_in=b"\xfc\x03",
        own=frozenset({("X-COM-EXAMPLE-AD-ID", "XYZ123"), ("X-LEVEL", Fraction(-3, 2)), ("X-RAW", b"\x00\xff")}),
    )
    assert read(line) == value
    assert value.render() == line
    following = '#EXT-X-DATERANGE:ID="a",CLASS="b",START-DATE="2026-11-22T12:00:00.000Z",END-ON-NEXT=YES'
    assert read(following).end_on_next
    assert read(following).render() == following


@pytest.mark.parametrize(
    "line",
    [
        'CLASS="b"',
        'ID="a",START-DATE="2026-11-22"',
        'ID="a",START-DATE=2026-11-22T12:00:00.000Z',
        'ID="a",CUE="BEFORE"',
        'ID="a",DURATION=-1',
        'ID="a",PLANNED-DURATION=-1',
        'ID="a",SCTE35-OUT=0x0',
        'ID="a",SCTE35-OUT="0xFC"',
        'ID="a",END-ON-NEXT=NO',
        'ID="a",Y-OTHER="b"',
        'ID="a",X-B=c',
        'ID="a",X-B=1.2.3',
    ],
)
def test_what_cannot_be_read_is_refused(line: str) -> None:
    with pytest.raises(PlaylistError, match="EXT-X-DATERANGE"):
        read(line)


@pytest.mark.parametrize(
    "value",
    [
        DateRange(id="a", cue=("PRE", "POST")),
        DateRange(id="a", cue=("PRE", "PRE")),
        DateRange(id="a", start=NOON, end=NOON - timedelta(milliseconds=1)),
        DateRange(id="a", start=NOON, end=NOON + timedelta(seconds=2), duration=Fraction(1)),
        DateRange(id="a", end_on_next=True),
        DateRange(id="a", class_="b", end_on_next=True, duration=Fraction(1)),
        DateRange(id="a", class_="b", end_on_next=True, end=NOON),
        DateRange(id="a", own=frozenset({("x-lower", "b")})),
        DateRange(id="a", own=frozenset({("X-A", "b"), ("X-A", "c")})),
        DateRange(id='a"b'),
        DateRange(id="a", scte35_cmd=b""),
    ],
)
def test_what_breaks_a_rule_is_not_written(value: DateRange) -> None:
    with pytest.raises(PlaylistError):
        value.render()


def test_tags_of_one_id_are_one_range() -> None:
    out = DateRange(id="a", start=NOON, planned_duration=Fraction(60), scte35_out=b"\xfc")
    back = DateRange(id="a", duration=Fraction(59), scte35_in=b"\xfd", own=frozenset({("X-A", "b")}))
    other = DateRange(id="b", start=NOON)
    merged, second = date_range.consolidate([out, other, back])
    assert second == other
    assert merged == DateRange(
        id="a",
        start=NOON,
        planned_duration=Fraction(60),
        duration=Fraction(59),
        scte35_out=b"\xfc",
        scte35_in=b"\xfd",
        own=frozenset({("X-A", "b")}),
    )
    assert merged.ends() == NOON + timedelta(seconds=59)


@pytest.mark.parametrize(
    "tags",
    [
        [DateRange(id="a")],
        [DateRange(id="a", start=NOON, duration=Fraction(1)), DateRange(id="a", duration=Fraction(2))],
        [
            DateRange(id="a", start=NOON, own=frozenset({("X-A", "b")})),
            DateRange(id="a", own=frozenset({("X-A", "c")})),
        ],
        [
            DateRange(id="a", start=NOON, class_="x", end_on_next=True),
            DateRange(id="b", start=NOON + timedelta(seconds=1), class_="x", duration=Fraction(9)),
            DateRange(id="c", start=NOON + timedelta(seconds=2), class_="x"),
        ],
    ],
)
def test_tags_that_contradict_each_other_are_refused(tags: list[DateRange]) -> None:
    with pytest.raises(PlaylistError, match="EXT-X-DATERANGE"):
        date_range.consolidate(tags)
