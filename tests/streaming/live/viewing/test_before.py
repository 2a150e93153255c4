from __future__ import annotations

import pytest

from manifests.layout import RenditionId
from streaming.live.viewing.before import is_left
from tests.manifests.live.paces import begun, later
from tests.transcoder.live import feeds

EVENT = feeds.event(number=3)
BEGAN = 40 * EVENT.grid.segment_ms
WINDOW = 300_000


@pytest.mark.parametrize(
    ("rendition", "now_ms", "left"),
    [
        ("v180-2", BEGAN, True),
        ("a128-2", BEGAN + WINDOW - 1, True),
        ("a128-2", BEGAN + WINDOW, False),
        ("v180-3", BEGAN, False),
        ("v180-1", BEGAN, False),
        ("v180", BEGAN, False),
        ("..-2", BEGAN, False),
    ],
)
def test_the_event_before_is_there_for_a_window_longer(rendition: str, now_ms: int, left: bool) -> None:
    states = [later(begun(window_s=WINDOW // 1000), 6), later(begun(window_s=WINDOW // 1000, number=41), 1)]
    assert is_left(EVENT, states, RenditionId(rendition), now_ms=now_ms) is left


def test_before_the_first_part_no_time_has_gone_by() -> None:
    assert is_left(EVENT, [], RenditionId("v180-2"), now_ms=BEGAN + WINDOW)


def test_of_a_window_that_has_no_end_all_stays() -> None:
    assert is_left(EVENT, [later(begun(), 1)], RenditionId("v180-2"), now_ms=BEGAN + 100 * WINDOW)
