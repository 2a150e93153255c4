from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.live.timeline import model
from streaming.live.timeline.board import parsed
from streaming.live.timeline.model import Kind, Mark

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
seconds = st.none() | st.integers(0, 604_800_000).map(lambda ms: model.seconds(ms / 1000))
names = st.from_regex(r"X-[A-Z0-9-]{1,20}", fullmatch=True).filter(lambda name: name != "X-TITLE")
texts = st.text(st.characters(codec="ascii", categories=["L", "N", "P"], exclude_characters='"'), min_size=1)
values = (
    st.integers(-(10**9), 10**9)
    | st.floats(-1e6, 1e6)
    | st.binary(min_size=1, max_size=9).map(lambda body: f"0x{body.hex()}")
    | texts
)


@given(
    kind=st.sampled_from(Kind),
    duration=seconds,
    planned=seconds,
    title=st.text(max_size=50),
    attributes=st.dictionaries(names, values, max_size=3),
)
def test_a_mark_is_read_from_the_line_that_says_it(
    kind: Kind,
    duration: Fraction | None,
    planned: Fraction | None,
    title: str,
    attributes: dict[str, str | float],
) -> None:
    kept = {name: model.attribute(name, value) for name, value in attributes.items()}
    mark = Mark(
        id="m1", kind=kind, at=NOON, duration=duration, planned=planned, title=model.title_of(title), attributes=kept
    )  # fmt: skip
    line = model.tag_of(mark, "org.example").render()
    assert f'CLASS="org.example.{kind}"' in line
    assert model.marks_of((parsed(line),)) == (mark,)
    assert {name: model.attribute(name, model.plain(value)) for name, value in kept.items()} == kept


def test_what_an_attribute_may_be() -> None:
    assert model.attribute("X-TEAM", "FRA") == "FRA"
    assert model.attribute("X-SUM", "0xff00") == b"\xff\x00"
    assert model.attribute("X-SPEED", -1.5) == Fraction(-3, 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TEAM", "FRA"),
        ("X-team", "FRA"),
        ("X-TITLE", "Goal"),
        ("X-", 1),
        ("X-A", 'say "hi"'),
        ("X-A", "two\nlines"),
        ("X-A", ""),
        ("X-A", "x" * 501),
        ("X-A", True),
        ("X-A", float("nan")),
        ("X-A", float("inf")),
        ("X-A", 10**13),
    ],
)
def test_what_it_may_not_be(name: str, value: str | float) -> None:
    with pytest.raises(ValueError, match=r"."):
        model.attribute(name, value)


def test_titles_lose_what_a_playlist_cannot_hold() -> None:
    assert model.title_of('  1\u20130 by "Ann"\n ') == "1\u20130 by 'Ann'"
    with pytest.raises(ValueError, match="200"):
        model.title_of("x" * 201)


def test_a_class_of_others_is_a_marker() -> None:
    line = '#EXT-X-DATERANGE:ID="a",CLASS="com.apple.hls.interstitial",START-DATE="2026-11-22T12:00:00.000Z"'
    (mark,) = model.marks_of((parsed(line),))
    assert (mark.kind, mark.ends_at) == (Kind.MARKER, None)


def test_dates_have_milliseconds() -> None:
    paris = timezone(timedelta(hours=1))
    found = model.in_ms(datetime(2026, 11, 22, 13, 0, 0, 123_987, tzinfo=paris))
    assert (found, found.tzinfo) == (NOON.replace(microsecond=123_000), UTC)


def test_where_a_mark_ends() -> None:
    mark = Mark(id="a", kind=Kind.AD, at=NOON, duration=model.seconds(1.5))
    assert mark.ends_at == NOON + timedelta(seconds=1.5)
    assert model.lasting(NOON, NOON + timedelta(milliseconds=1500)) == Fraction(3, 2)
    for wrong in (-1, 604_801, float("nan")):
        with pytest.raises(ValueError, match="Between"):
            model.seconds(wrong)


@pytest.mark.parametrize(
    ("text", "good"),
    [("internal.channel", True), ("org.example.tv", True), ("example", False), ("a..b", False), ('a."', False)],
)
def test_names_in_reverse_dns(text: str, good: bool) -> None:
    assert model.is_classes(text) is good
