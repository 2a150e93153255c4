from __future__ import annotations

from fractions import Fraction

from manifests import hls
from manifests.layout import ChannelId
from tests.transcoder.live import feeds
from transcoder.live.event import dump, load, plan_event
from transcoder.live.multivariant import multivariant
from transcoder.profile import DEFAULT


def test_an_event_is_what_its_first_publisher_sends() -> None:
    event = plan_event(ChannelId("arena"), 3, feeds.opening(1280, 720, rate=50), DEFAULT, long_parts=False)
    assert event.renditions == ("v234-3", "v360-3", "v432-3", "v540-3", "v720-3", "a128-3")
    assert [rung.divisor for rung in event.rungs] == [2, 2, 2, 1, 1]
    assert event.track(event.rungs[0].id).sample == 3600
    assert event.track(event.rungs[-1].id).sample == 1800
    assert event.track(event.sound.id).sample == 1024
    assert load(dump(event)) == event


def test_every_way_to_watch_it_is_listed_the_one_to_begin_with_first() -> None:
    event = plan_event(ChannelId("arena"), 3, feeds.opening(1280, 720, rate=50), DEFAULT, long_parts=False)
    playlist = multivariant(event, {})
    assert hls.parse(playlist.render()) == playlist
    assert playlist.variants[0].uri == "v540-3/index.m3u8"
    assert {each.frame_rate for each in playlist.variants} == {Fraction(25), Fraction(50)}
    assert {each.audio for each in playlist.variants} == {"audio"}
    assert playlist.renditions[0].uri == "a128-3/index.m3u8"
