from __future__ import annotations

import pytest

from manifests.errors import LiveError
from manifests.hls import DateRange, date_time
from manifests.live import playlist
from manifests.live.timeline import Entry
from tests.manifests.live.paces import DAWN, THIRDS, begun, later

STATE = later(begun(), 6 * 3 + 2)
"""Segments 40, 41, 42, each published with its last part: at 1.92, 3.84, 5.76 s; then parts at 6.08 and 6.4 s."""


@pytest.mark.parametrize(
    ("segments", "skipped"), [(0, 0), (6, 0), (7, 0), (8, 1), (9, 2), (100, 93)]
)  # fmt: skip
def test_what_lies_wholly_behind_the_boundary_is_skipped(segments: int, skipped: int) -> None:
    """Twelve seconds are six segments and a quarter, so seven stay."""
    assert playlist.skipped(later(begun(), 6 * segments + 3)) == skipped


@pytest.mark.parametrize(
    ("ms", "with_parts", "place", "inside"),
    [
        (0, True, 0, False),
        (1000, True, 0, True),
        (1000, False, 0, False),
        (1920, True, 1, False),
        (2240, True, 1, True),
        (2240, False, 1, False),
        (5760, True, 3, False),
        (6080, True, 3, True),
        (6080, False, 3, False),
        (99_000, True, 3, True),
    ],
)
def test_a_date_range_stands_behind_what_was_published_before_it(
    ms: int, with_parts: bool, place: int, inside: bool
) -> None:
    entry = Entry(tag=DateRange(id="a", start=date_time.from_ms(DAWN)), added_ms=DAWN + ms)
    ((found, (before, among)),) = playlist.place(STATE, [entry], with_parts=with_parts).items()
    assert (found, list(before), list(among)) == (place, [] if inside else [entry], [entry] if inside else [])


def test_renditions_of_one_channel_have_one_target_duration() -> None:
    with pytest.raises(LiveError, match="one target duration"):
        playlist.low_latency(STATE, {}, {"../other/index.m3u8": later(begun(THIRDS), 1)})
