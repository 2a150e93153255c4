from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.errors import PlaylistError
from manifests.hls import attributes
from manifests.hls.attributes import Resolution
from manifests.hls.lines import Tag

KNOWN = frozenset({"A", "B", "C-D"})


def parse(text: str) -> attributes.Attributes:
    return attributes.parse(Tag(name="EXT-X-TEST", value=text, line=7), KNOWN)


def test_types() -> None:
    found = parse('A="x,y=z",B=1280x720,C-D=YES')
    assert found.quoted("A") == "x,y=z"
    assert found.resolution("B") == Resolution(width=1280, height=720)
    assert found.flag("C-D") is True
    assert parse("A=12,B=29.970").integer("A") == 12
    assert parse("A=12,B=29.970").decimal("B") == Fraction(2997, 100)


def test_what_is_absent_is_none() -> None:
    found = parse("A=1")
    assert (found.quoted("B"), found.integer("B"), found.decimal("B"), found.resolution("B")) == (None,) * 4
    assert found.flag("B") is False
    with pytest.raises(PlaylistError, match="line 7: EXT-X-TEST needs B"):
        found.need("B", found.quoted("B"))


@pytest.mark.parametrize(
    "text", ["", ",", "A=1,", "A", "A=", 'A="x', 'A="x"y', "A=1, B=2", "a=1", "A=1,A=2", "A=1,Z=2", 'A=x"y', "=1"]
)
def test_malformed_lists(text: str) -> None:
    with pytest.raises(PlaylistError, match="line 7"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("A=x", lambda found: found.quoted("A")),
        ('A="1"', lambda found: found.integer("A")),
        ("A=1.5", lambda found: found.integer("A")),
        ("A=-1", lambda found: found.decimal("A")),
        ("A=yes", lambda found: found.flag("A")),
        ("A=1280X720", lambda found: found.resolution("A")),
    ],
)
def test_values_of_the_wrong_type(text: str, read) -> None:
    with pytest.raises(PlaylistError, match="A must be"):
        read(parse(text))


@given(st.text())
def test_a_quotable_text_survives_and_cannot_break_out(text: str) -> None:
    safe = attributes.quotable(text)
    line = attributes.render("EXT-X-TEST", [("A", attributes.quoted(safe)), ("B", None), ("C-D", "1")])
    assert "\n" not in line
    assert "\r" not in line
    found = parse(line.removeprefix("#EXT-X-TEST:"))
    assert (found.quoted("A"), found.integer("C-D")) == (safe, 1)


@pytest.mark.parametrize("text", ['a"b', "a\nb", "a\r", "\x00", "\x85", "\u2028", "\ufeff"])
def test_quoted_refuses_what_would_end_it_early(text: str) -> None:
    with pytest.raises(PlaylistError, match="quoted string"):
        attributes.quoted(text)


def test_quotable_keeps_the_words() -> None:
    assert attributes.quotable(' Commentary\n"live"\tEN ') == "Commentary 'live' EN"


@pytest.mark.parametrize("text", ["", "a b", 'a"', "a,b", "a\n"])
def test_symbol_refuses(text: str) -> None:
    with pytest.raises(PlaylistError, match="enumerated"):
        attributes.symbol(text)
