from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcoder.captions.closed import (
    BS,
    CR,
    EDM,
    EOC,
    RDC,
    ROW_15,
    RU2,
    Pairs,
    command,
    letters,
    parity,
    pop_on,
)  # fmt: skip
from transcoder.captions.cea608 import Decoder, Spoken


def told(*timed: tuple[int, Pairs], end: int = 1000, channel: int = 0) -> list[tuple[int, int, str]]:
    decoder = Decoder()
    for now, pairs in timed:
        for first, second in pairs:
            decoder.feed(parity(first), parity(second), now)
    return [(each.start, each.end, each.text) for each in decoder.close(end)[channel]]


def test_a_pop_on_caption_lasts_from_its_showing_to_its_erasure() -> None:
    assert told((0, pop_on("HELLO")), (40, [command(EOC)]), (90, [command(EDM)])) == [(40, 90, "HELLO")]


def test_a_caption_is_taken_away_by_the_next_or_by_the_end() -> None:
    script = ((0, pop_on("One")), (40, [command(EOC)]), (50, pop_on("Two")), (90, [command(EOC)]))
    assert told(*script) == [(40, 90, "One"), (90, 1000, "Two")]


def test_what_is_sent_twice_counts_once_and_what_was_lost_is_made_up_for() -> None:
    twice = [command(EOC), command(EOC)]
    assert told((0, pop_on("A")), (40, twice), (90, [command(EDM)] * 2)) == [(40, 90, "A")]
    # A third one is another one: the caption goes back out of sight.
    assert told((0, pop_on("A")), (40, twice), (60, [command(EOC)])) == [(40, 60, "A")]


def test_roll_up_gives_each_line_once_with_the_line_above_it() -> None:
    script = (
        (0, [command(RU2), command(CR), ROW_15, *letters("first")]),
        (10, letters(" line")),
        (20, [command(CR), *letters("second")]),
        (40, [command(CR), *letters("third")]),
    )
    assert told(*script, end=60) == [
        (0, 20, "first line"), (20, 40, "first line\nsecond"), (40, 60, "second\nthird"),
    ]  # fmt: skip


def test_paint_on_is_there_from_its_first_letter() -> None:
    script = ((5, [command(RDC), ROW_15, *letters("pa")]), (10, letters("int")), (50, [command(EDM)]))
    assert told(*script) == [(5, 50, "paint")]


def test_the_letters_of_other_alphabets() -> None:
    special, extended = [(0x11, 0x37)], [*letters("u"), (0x12, 0x25)]
    said = [*pop_on("'"), *special, *letters("*"), *extended, *letters("n"), (0x13, 0x28), command(EOC)]
    assert told((0, said))[0][2] == "’♪áüõ"


def test_rows_columns_indents_and_backspaces() -> None:
    said = [command(0x20), (0x14, 0x54), *letters("ab"), (0x17, 0x21), *letters("cx"), command(BS), (0x13, 0x50),
            *letters("up"), command(EOC)]  # fmt: skip
    assert told((0, said))[0][2] == "up\nab c"


def test_italics_are_told_where_all_is_italic() -> None:
    decoder = Decoder()
    for first, second in [command(0x20), (0x14, 0x6E), *letters("slanted"), command(EOC)]:
        decoder.feed(parity(first), parity(second), 7)
    assert decoder.close(9)[0] == (Spoken(start=7, end=9, text="slanted", italic=True),)


def test_the_second_channel_and_extended_services_are_kept_apart() -> None:
    second = [(0x1C, 0x20), (0x1C, 0x70), *letters("two"), (0x1C, 0x2F)]
    xds = [(0x01, 0x03), *letters("NEWS"), (0x0F, 0x1D)]
    script = ((0, pop_on("one")), (10, xds), (20, second), (40, [command(EOC)]))
    assert told(*script) == [(40, 1000, "one")]
    assert told(*script, channel=1) == [(20, 1000, "two")]


def test_text_services_are_no_captions() -> None:
    assert told((0, [command(0x2B), ROW_15, *letters("weather")])) == []


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), max_size=300))
def test_any_bytes_give_captions_in_order_that_end_after_they_begin(pairs: Pairs) -> None:
    decoder = Decoder()
    for now, (first, second) in enumerate(pairs):
        decoder.feed(first, second, now)
    for channel in decoder.close(len(pairs)):
        assert all(each.start < each.end and each.text.strip() for each in channel)
        assert [each.start for each in channel] == sorted(each.start for each in channel)


@pytest.mark.parametrize("lines", [1, 15])
def test_a_screen_holds_no_more_than_its_columns(lines: int) -> None:
    said = [command(0x20), ROW_15, *letters("x" * 90), command(EOC)]
    assert len(told((0, said * lines))[0][2]) == 32
