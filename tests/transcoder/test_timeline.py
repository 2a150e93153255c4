from __future__ import annotations

from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcoder.timeline import MAX_RATE, STANDARD, Grid, lay

NTSC = Fraction(30000, 1001)
MS = Fraction(1, 1000)


def _stamps(rate: Fraction, count: int, time_base: Fraction, start: Fraction = Fraction(0)) -> list[int]:
    """A constant rate as a muxer with this time base writes it: rounded to the nearest tick."""
    return [round((start + number / rate) / time_base) for number in range(count)]


def _lay(stamps: list[int], end: int, time_base: Fraction, *, late: Fraction = Fraction(0), **more: object) -> Grid:
    zero = stamps[0] * time_base - late
    return lay(stamps, end, time_base=time_base, zero=zero, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [rate for rate in STANDARD if rate <= MAX_RATE], ids=str)
@pytest.mark.parametrize("time_base", [MS, Fraction(1, 90000), Fraction(1, 16000), Fraction(1, 1_000_000_000)], ids=str)
@pytest.mark.parametrize("count", [50, 3000])
def test_standard_rates_are_found_through_rounded_time_stamps(rate: Fraction, time_base: Fraction, count: int) -> None:
    stamps = _stamps(rate, count + 1, time_base, start=Fraction(7, 5))
    grid = _lay(stamps[:-1], stamps[-1], time_base, claimed=rate)
    assert (grid.rate, grid.frames, grid.constant) == (rate, count, True)


@pytest.mark.parametrize("rate", [rate for rate in STANDARD if rate <= MAX_RATE], ids=str)
def test_a_minute_tells_24_from_23_976_without_the_container(rate: Fraction) -> None:
    stamps = _stamps(rate, 1801, MS)
    assert _lay(stamps[:-1], stamps[-1], MS).rate == rate


def test_an_odd_time_base_is_the_rate_that_it_means() -> None:
    # A phone's 23040000/767849 frames a second: 30 within a tenth of a frame in 17 s.
    grid = _lay(
        [767849 * n for n in range(512)], 767849 * 512, Fraction(1, 23040000), claimed=Fraction(23040000, 767849)
    )
    assert (grid.rate, grid.frames, grid.constant) == (30, 512, True)


@pytest.mark.parametrize("rate", [Fraction(1), Fraction(5), Fraction(25, 2), Fraction(15), Fraction(18)], ids=str)
def test_other_constant_rates_stay_as_they_are(rate: Fraction) -> None:
    stamps = _stamps(rate, 41, Fraction(1, 90000))
    grid = _lay(stamps[:-1], stamps[-1], Fraction(1, 90000))
    assert (grid.rate, grid.frames, grid.constant) == (rate, 40, True)


def test_a_slide_show_goes_onto_a_multiple_of_its_rate() -> None:
    grid = _lay([0, 10_000, 20_000, 30_000], 40_000, MS)
    assert (grid.rate, grid.frames) == (1, 40)
    assert [grid.shown([0, 10_000, 20_000, 30_000], slot) for slot in (0, 9, 10, 39)] == [0, 0, 10_000, 30_000]


@pytest.mark.parametrize(
    ("source", "rate", "every"), [(Fraction(120), 60, 2), (Fraction(90), 45, 2), (Fraction(240), 60, 4),
                                  (Fraction(120000, 1001), Fraction(60000, 1001), 2)],
)  # fmt: skip
@pytest.mark.parametrize("time_base", [MS, Fraction(1, 90000), Fraction(1, 16_000)], ids=str)
def test_faster_sources_keep_every_second_picture(
    source: Fraction, rate: Fraction, every: int, time_base: Fraction
) -> None:
    stamps = _stamps(source, 481, time_base)
    grid = _lay(stamps[:-1], stamps[-1], time_base, claimed=source)
    assert (grid.rate, grid.frames) == (rate, 480 // every)
    shown = [stamps.index(grid.shown(stamps, slot)) for slot in range(1, grid.frames)]
    assert {later - earlier for earlier, later in pairwise(shown)} == {every}


def test_a_variable_rate_goes_onto_the_one_that_holds_its_pictures() -> None:
    # 25 frames a second, then every seventh, then every third of them.
    places = [*range(100), *range(100, 170, 7), *range(170, 200, 3)]
    grid = _lay([512 * place for place in places], 512 * 200, Fraction(1, 12800), claimed=Fraction(25))
    assert (grid.rate, grid.frames, grid.constant) == (25, 200, False)


def test_an_irregular_rate_goes_onto_the_nearest_standard() -> None:
    stamps = list(accumulate([0, *(33 + (n * 7919) % 13 - 6 for n in range(300))]))
    assert _lay(stamps, stamps[-1] + 33, MS).rate in (NTSC, 30)
    sparse = list(accumulate([0, *(150 + (n * 7919) % 97 for n in range(50))]))
    assert _lay(sparse, sparse[-1] + 150, MS).rate == 30


def test_one_picture_has_its_claimed_rate() -> None:
    grid = _lay([0], 512, Fraction(1, 12288), claimed=Fraction(24))
    assert (grid.rate, grid.frames, grid.constant) == (24, 1, True)


def test_a_last_picture_without_duration_is_shown() -> None:
    stamps = _stamps(Fraction(30), 30, MS)
    assert _lay(stamps, stamps[-1] + 1, MS).frames == 30


def test_fields_double_the_rate() -> None:
    stamps = [3600 * n for n in range(13)]
    grid = _lay(stamps, 3600 * 13, Fraction(1, 90000), claimed=Fraction(25), fields=True)
    assert (grid.rate, grid.frames, grid.constant) == (50, 26, False)
    assert [grid.shown(stamps, slot) for slot in (0, 1, 2, 25)] == [0, 0, 3600, 43200]


def test_a_picture_that_starts_late_is_there_from_the_beginning() -> None:
    stamps = [512 * n for n in range(36, 136)]
    grid = lay(stamps, 512 * 136, time_base=Fraction(1, 12288), zero=Fraction(0), claimed=Fraction(24))
    assert (grid.frames, grid.origin, grid.shown(stamps, 0), grid.slot(stamps[0])) == (136, 0, 512 * 36, 36)


@pytest.mark.parametrize("late", [Fraction(n, 240) for n in range(16)], ids=str)
def test_rounded_time_stamps_never_flicker_between_slots(late: Fraction) -> None:
    # Sound begins before the picture by any part of a frame: the picture still has one slot a frame.
    stamps = _stamps(Fraction(30), 901, MS, start=late)
    grid = lay(stamps[:-1], stamps[-1], time_base=MS, zero=Fraction(0), claimed=Fraction(30))
    slots = [grid.slot(stamp) for stamp in stamps[:-1]]
    assert slots == list(range(slots[0], slots[0] + 900))
    assert abs(grid.origin * MS) <= Fraction(1, 40) + MS


def test_a_presentation_that_outlasts_the_picture_keeps_the_last_one() -> None:
    stamps = [512 * n for n in range(25)]
    grid = _lay(stamps, 512 * 25, Fraction(1, 12800), claimed=Fraction(25), total=Fraction(48, 5))
    assert (grid.frames, grid.shown(stamps, 239)) == (240, 512 * 24)


TIME_BASES = st.sampled_from([MS, Fraction(1, 90000), Fraction(1, 600), Fraction(1, 12800), Fraction(1001, 30000)])


@st.composite
def _any_timeline(draw: st.DrawFn) -> tuple[list[int], int, Fraction, Fraction]:
    """Rising stamps, their end, the time base, and how much earlier the presentation begins."""
    deltas = draw(st.lists(st.integers(1, 5000), max_size=120))
    stamps = list(accumulate(deltas, initial=draw(st.integers(-(10**9), 10**9))))
    late = Fraction(draw(st.integers(0, 5000)), 1000)
    return stamps, stamps[-1] + draw(st.integers(1, 5000)), draw(TIME_BASES), late


@given(_any_timeline())
@settings(deadline=None)
def test_any_timeline_gives_a_grid_that_holds_it(drawn: tuple[list[int], int, Fraction, Fraction]) -> None:
    stamps, end, time_base, late = drawn
    grid = _lay(stamps, end, time_base, late=late)
    assert 1 <= grid.rate <= MAX_RATE
    slots = [grid.slot(stamp) for stamp in stamps]
    assert slots == sorted(slots)
    assert slots[0] >= 0
    # The grid begins with the presentation, to within a frame or 25 ms, and ends with it; the last picture has a frame.
    frame = 1 / grid.rate
    zero = stamps[0] * time_base - late
    most = max(frame, Fraction(1, 40)) + frame / 4 + time_base
    assert abs(grid.origin * time_base - zero) <= most
    last = max(end * time_base, stamps[-1] * time_base + frame)
    finish = grid.origin * time_base + grid.frames * frame
    assert finish >= end * time_base - frame / 2
    assert finish <= last + frame / 2
    assert abs(grid.frames * frame - (last - zero)) <= most + frame / 2


@given(_any_timeline(), st.integers(0, 200))
@settings(deadline=None)
def test_a_window_shows_what_the_whole_shows(drawn: tuple[list[int], int, Fraction, Fraction], at: int) -> None:
    stamps, end, time_base, late = drawn
    grid = _lay(stamps, end, time_base, late=late)
    first = at % grid.frames
    # ffmpeg's `fps` over the whole, by its definition.
    shown = stamps[0]
    for stamp in stamps:
        if grid.slot(stamp) <= first:
            shown = stamp
    assert grid.shown(stamps, first) == shown
    # A decoder that begins at this picture selects the same ones from there on.
    window = [stamp for stamp in stamps if stamp >= shown]
    for slot in range(first, min(first + 10, grid.frames)):
        assert grid.shown(window, slot) == grid.shown(stamps, slot)
