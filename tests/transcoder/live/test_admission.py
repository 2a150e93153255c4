from __future__ import annotations

import pytest

from manifests.layout import ChannelId
from tests.transcoder.live import feeds
from transcoder.live.admission import check_room, cost
from transcoder.live.errors import FeedRefused
from transcoder.live.event import plan_event
from transcoder.profile import DEFAULT


def test_a_feed_costs_the_pixels_of_its_rungs() -> None:
    assert cost(feeds.event()) == (320 * 180 + 160 * 90) * 25


def test_a_feed_that_would_make_others_late_is_refused_with_a_reason() -> None:
    full = plan_event(ChannelId("arena"), 1, feeds.opening(1920, 1080), DEFAULT, long_parts=False)
    check_room(full, [], capacity=110)
    with pytest.raises(FeedRefused, match=r"No room.*1920×1080 at 25.*5 of 110 are free") as refused:
        check_room(full, [full], capacity=110)
    assert refused.value.code == "no_room"
