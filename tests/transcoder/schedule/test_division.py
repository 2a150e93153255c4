from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.layout import RenditionId
from transcoder.schedule.division import Room, divide, estimate, length, merged, rung_groups
from transcoder.windows import Window

LARGE, MEDIUM, SMALL = RenditionId("v720-1"), RenditionId("v540-1"), RenditionId("v234-1")
GROUPS = ((LARGE,), (MEDIUM, SMALL))


@pytest.mark.parametrize(
    ("left", "slots", "seconds", "count"),
    [
        (100, 1, None, 6),  # nobody knows how fast it is
        (100, 1, 2.0, 20),  # 40 s of work
        (100, 1, 0.1, 24),  # never more
        (100, 1, 90.0, 1),  # never less
        (100, 10, 2.0, 5),  # a share of what is left
        (30, 10, 2.0, 2),
        (8, 10, 2.0, 1),
        (3, 1, 2.0, 3),
    ],
)
def test_how_long_a_window_of_the_picture_is(left: int, slots: int, seconds: float | None, count: int) -> None:
    assert length(left, Room(slots=slots, seconds=seconds), track="video") == count


@pytest.mark.parametrize(
    ("left", "slots", "seconds", "count"),
    [(1000, 1, None, 75), (1000, 1, 0.05, 150), (1000, 64, 0.05, 10), (4, 64, 0.05, 4)],
)
def test_how_long_a_window_of_sound_is(left: int, slots: int, seconds: float | None, count: int) -> None:
    assert length(left, Room(slots=slots, seconds=seconds), track="a1-1") == count


def test_gaps_end_windows() -> None:
    made = divide("video", [3, 4, 5, 9, 10], Room(slots=1))
    assert [window.name for window in made] == ["video/3-3", "video/9-2"]


def test_two_make_a_segment_where_slots_are_many() -> None:
    made = divide("video", [3, 4], Room(slots=4), groups=GROUPS)
    assert [window.name for window in made] == [
        "video/3-1/v720-1", "video/3-1/v540-1+v234-1", "video/4-1/v720-1", "video/4-1/v540-1+v234-1",
    ]  # fmt: skip
    made = divide("video", [3, 4], Room(slots=3), groups=GROUPS)
    assert [window.name for window in made] == ["video/3-1", "video/4-1"]


@given(
    left=st.sets(st.integers(0, 400), max_size=120).map(sorted),
    slots=st.integers(1, 300),
    seconds=st.none() | st.floats(0.001, 200),
    track=st.sampled_from(["video", "a1-1"]),
)
def test_every_segment_of_every_rung_is_made_once(
    left: list[int], slots: int, seconds: float | None, track: str
) -> None:
    groups = GROUPS if track == "video" else ()
    rungs = (LARGE, MEDIUM, SMALL) if track == "video" else (RenditionId(track),)
    made = list(divide(track, left, Room(slots=slots, seconds=seconds), groups=groups))
    names = [(rung, number) for window in made for rung in window.rungs or rungs for number in window.numbers]
    assert sorted(names) == sorted((rung, number) for rung in rungs for number in left)
    assert all(1 <= window.count <= 150 for window in made)
    if seconds is not None:
        assert all(window.count * seconds <= 40 or window.count <= (1 if track == "video" else 10) for window in made)


def test_the_last_windows_are_short() -> None:
    counts = [window.count for window in divide("video", range(200), Room(slots=4, seconds=2.0))]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 20
    assert counts[-4:] == [1] * 4


def test_groups_cost_about_the_same() -> None:
    assert rung_groups({SMALL: 6, MEDIUM: 60, LARGE: 100}) == ((LARGE,), (MEDIUM, SMALL))
    assert rung_groups({SMALL: 90, MEDIUM: 95, LARGE: 100}) == ((LARGE,), (MEDIUM, SMALL))
    assert rung_groups({SMALL: 6}) == ((SMALL,),)


def test_tracks_take_their_turns_by_their_segments() -> None:
    def cut(track: str, *numbers: range) -> list[Window]:
        return [window for left in numbers for window in divide(track, left, Room(slots=1))]

    windows = merged([iter(cut("video", range(8, 20))), iter(cut("a1-1", range(8, 12)))])
    assert [window.name for window in windows] == ["video/8-6", "a1-1/8-4", "video/14-6"]


def test_what_a_window_will_take() -> None:
    window = Window(track="video", first=8, count=6)
    assert estimate(window, 1.5) == 9
    assert estimate(replace(window, rungs=(LARGE,)), 1.5) == 4.5
    assert estimate(window, None) == estimate(None, 1.5) == 40
