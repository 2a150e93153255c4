from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from manifests.errors import LiveError
from manifests.hls import DateRange, date_time
from manifests.live import change, playlist
from manifests.live.playlist import Reported
from manifests.live.timeline import Entry
from tests.manifests.live.paces import DAWN, THIRDS, begun, later

if TYPE_CHECKING:
    from manifests.live.state import Position

STATE = later(begun(), 6 * 3 + 2)
"""Segments 40, 41, 42, and two parts of 43."""


@pytest.mark.parametrize(
    ("segments", "skipped"), [(0, 0), (6, 0), (7, 0), (8, 1), (9, 2), (100, 93)]
)  # fmt: skip
def test_what_lies_wholly_behind_the_boundary_is_skipped(segments: int, skipped: int) -> None:
    """Twelve seconds are six segments and a quarter, so seven stay."""
    assert playlist.skipped(later(begun(), 6 * segments + 3)) == skipped


@pytest.mark.parametrize(
    ("position", "with_parts", "place", "inside"),
    [
        ((0, 0), True, 0, False),
        ((39, 3), True, 0, False),
        ((40, 3), True, 0, True),
        ((40, 3), False, 0, False),
        ((41, 0), True, 1, False),
        ((41, 1), True, 1, True),
        ((41, 1), False, 1, False),
        ((43, 0), True, 3, False),
        ((43, 1), True, 3, True),
        ((43, 2), True, 3, True),
        ((43, 2), False, 3, False),
    ],
)
def test_a_date_range_stands_in_front_of_the_part_that_came_next(
    position: Position, with_parts: bool, place: int, inside: bool
) -> None:
    entry = Entry(tag=DateRange(id="a", start=date_time.from_ms(DAWN)), added_ms=DAWN, position=position)
    ((found, (before, among)),) = playlist.place(STATE, [entry], with_parts=with_parts).items()
    assert (found, list(before), list(among)) == (place, [] if inside else [entry], [entry] if inside else [])


def test_a_rendition_that_is_behind_tells_of_a_date_range_when_it_has_come_so_far() -> None:
    entry = Entry(tag=DateRange(id="a", start=date_time.from_ms(DAWN)), added_ms=DAWN, position=(43, 3))
    assert playlist.place(STATE, [entry], with_parts=True) == {}
    assert playlist.place(later(STATE, 1), [entry], with_parts=True) == {3: ([], [entry])}
    assert playlist.place(change.end(STATE, now_ms=DAWN), [entry], with_parts=True) == {3: ([], [entry])}


def test_renditions_of_one_channel_have_one_target_duration() -> None:
    with pytest.raises(LiveError, match="one target duration"):
        playlist.low_latency(STATE, {}, Reported(media={"../other/index.m3u8": later(begun(THIRDS), 1)}))
