from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.live import change
from streaming.clips.errors import CutOutOfRange
from streaming.http.body import InvalidField
from streaming.live.clips.errors import NotShown, NotYet
from streaming.live.clips.points import LONGEST, Back, Shown, cut, moment, segments, shown, whole
from tests.transcoder.live.feeds import event
from transcoder.live.grid import Grid, grid_for
from transcoder.live.packager import pace_of

if TYPE_CHECKING:
    from manifests.layout import RenditionId
    from manifests.live.state import LiveRendition

EVENING = 1_795_370_400_000
"""A moment, in ms since the epoch."""


def there(grid: Grid, *, first_ms: int = EVENING, lasts_s: float = 100, is_over: bool = False) -> Shown:
    """An event from the segment in which `first_ms` lies."""
    length = grid.part * grid.parts
    first = grid.segment_at(first_ms) * length
    parts = int(lasts_s / grid.part_s)
    return Shown(grid=grid, first=first, stop=first + parts * grid.part, is_over=is_over)


def ms(shown: Shown, picture: int) -> int:
    """Its date, as a player tells it: cut to the millisecond."""
    return picture * 1000 // shown.grid.rate


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11-22T18:00:00Z", EVENING),
        ("2026-11-22T18:00:00.040Z", EVENING + 40),
        ("2026-11-22T19:00:00.040+01:00", EVENING + 40),
        ("2026-11-22T18:00:00.040999Z", EVENING + 40),
        (" now ", Back(ms=0)),
        ("-30s", Back(ms=30_000)),
        ("-1.5s", Back(ms=1_500)),
    ],
)
def test_moments(text: str, meant: int | Back) -> None:
    assert moment(text, pointer="/in") == meant


@pytest.mark.parametrize(
    "text",
    ["", "soon", "30s", "-30", "--30s", "+30s", "12.5", "2026-11-22T18:00:00", "2026-11-22", "1969-01-01T00:00:00Z",
     "9999-12-31T23:59:59-23:00", "-٣٠s", "0001-01-01T00:00:00+23:59"],
)  # fmt: skip
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(InvalidField):
        moment(text, pointer="/in")


@given(text=st.text(max_size=40))
def test_any_text_is_a_moment_or_refused(text: str) -> None:
    try:
        found = moment(text, pointer="/out")
    except InvalidField:
        return
    assert found.ms >= 0 if isinstance(found, Back) else found >= 0


rates = st.sampled_from(
    [grid_for(Fraction(rate), long_parts=long) for rate in (25, 30, 50, 60) for long in (True, False)]
)


@given(grid=rates, frame=st.integers(0, 4000), late=st.integers(0, 15))
def test_a_picture_is_found_by_its_date_and_shown_until_the_next(grid: Grid, frame: int, late: int) -> None:
    shows = there(grid)
    picture = shows.first + frame
    assert shows.picture_at(ms(shows, picture)) == picture
    # Up to the last millisecond before the next one's date.
    assert shows.picture_at(ms(shows, picture + 1) - 1) == picture
    assert shows.picture_at(ms(shows, picture) + late) in (picture, picture + 1)
    assert shows.picture_at(moment(shows.date_of(picture).isoformat(), pointer="/in")) == picture


@given(grid=rates, first=st.integers(0, 2000), length=st.integers(1, 400))
def test_whole_parts_hold_what_is_wanted_and_need_no_encoder(grid: Grid, first: int, length: int) -> None:
    shows = there(grid)
    wanted = range(shows.first + first, min(shows.first + first + length, shows.stop))
    if not wanted:
        return
    taken = whole(shows, wanted)
    assert taken.start <= wanted.start < wanted.stop <= taken.stop <= shows.stop
    assert taken.start % grid.gop == 0
    assert taken.stop % grid.part == 0
    assert wanted.start - taken.start < grid.gop
    assert taken.stop - wanted.stop < grid.part
    numbers, size = segments(grid, taken), grid.part * grid.parts
    assert numbers.start * size <= taken.start < taken.stop <= numbers.stop * size
    assert len(numbers) <= (len(taken) - 1) // size + 2


@given(grid=rates, ahead=st.integers(1, 2000))
def test_what_is_not_there_yet_is_there_when_it_is_said_to_be(grid: Grid, ahead: int) -> None:
    shows = there(grid)
    begin, end = ms(shows, shows.stop - 10), ms(shows, shows.stop + ahead)
    with pytest.raises(NotYet) as told:
        cut(shows, begin, end)
    wait, seconds = int(told.value.headers["Retry-After"]), told.value.extensions["available_in_s"]
    assert seconds <= wait < seconds + 1.001 or wait == 1
    # As much time later so much more is there, in whole parts: with it the clip can be cut, and not a part sooner.
    parts = round(seconds / grid.part_s)
    later = replace(shows, stop=shows.stop + parts * grid.part)
    assert cut(later, begin, end) == range(shows.stop - 10, shows.stop + ahead)
    with pytest.raises(NotYet):
        cut(replace(later, stop=later.stop - grid.part), begin, end)


def test_counted_back_from_the_edge() -> None:
    shows = there(grid_for(Fraction(25)))
    assert cut(shows, Back(ms=2_000), Back(ms=0)) == range(shows.stop - 50, shows.stop)
    assert cut(shows, Back(ms=90), Back(ms=30)) == range(shows.stop - 2, shows.stop - 1)
    assert cut(shows, Back(ms=1_000_000), Back(ms=0)) == range(shows.first, shows.stop), "as long as there is"


def test_the_edges_of_the_event() -> None:
    shows = there(grid_for(Fraction(25)))
    begin, end = ms(shows, shows.first), ms(shows, shows.stop)
    assert cut(shows, begin, end) == range(shows.first, shows.stop)
    with pytest.raises(NotShown, match=r"began at 2026-11-22T18:00:00\.000Z"):
        cut(shows, begin - 1, end)
    with pytest.raises(NotShown, match="ended"):
        cut(replace(shows, is_over=True), begin, end + 41)
    for first, last in ((end, begin), (begin, begin), (begin + 1, begin + 39)):
        with pytest.raises(CutOutOfRange):
            cut(shows, first, last)
    # What lies wholly in the future is no less to be waited for.
    with pytest.raises(NotYet):
        cut(shows, end + 10_000, end + 20_000)


def test_the_longest() -> None:
    shows = there(grid_for(Fraction(25)), lasts_s=2 * LONGEST.total_seconds())
    longest = int(LONGEST / timedelta(milliseconds=1))
    assert len(cut(shows, Back(ms=longest), Back(ms=0))) == 90_000
    with pytest.raises(CutOutOfRange):
        cut(shows, Back(ms=longest + 40), Back(ms=0))


def test_what_all_renditions_have_has_been_shown() -> None:
    made, number = event(), 1_000_000
    states: dict[RenditionId, LiveRendition] = {}
    for place, rendition in enumerate(made.renditions):
        pace = pace_of(made, rendition)
        state = change.begin(pace=pace, number=number, init="init-1.mp4")
        for part in range(8 - place):
            state = change.add_part(state, duration=pace.part, size=10, now_ms=0, independent=True, pdt_ms=0)
            if part == 5:
                state = change.end_segment(state, now_ms=0)
        with pytest.raises(NotShown):
            shown(made, states)
        states[rendition] = state
    found = shown(made, states)
    assert found == Shown(grid=made.grid, first=number * 48, stop=number * 48 + 6 * 8, is_over=False)
    assert found.date_of(found.first) == datetime.fromisoformat("1970-01-23T05:20:00Z")
    over = {name: change.end(state, now_ms=0) for name, state in states.items()}
    assert shown(made, over).is_over
