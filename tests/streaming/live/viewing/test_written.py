from __future__ import annotations

import gc
from typing import TYPE_CHECKING
from weakref import WeakSet

import pytest

from infra.memory import MemoryCache
from infra.tasks import end
from manifests.live.texts import Texts
from manifests.live.updates import Skipping
from streaming.live.viewing import written as module
from streaming.live.viewing.follower import Follower
from streaming.live.viewing.written import Written
from tests.manifests.live.paces import DAWN, begun, later
from tests.transcoder.live import feeds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EVENT = feeds.event()
LOW, HIGH, SOUND = EVENT.renditions


@pytest.fixture
async def follower() -> AsyncIterator[Follower]:
    follower = Follower(EVENT.channel, MemoryCache())
    await follower.ready()
    follower.event, follower.states = EVENT, {name: later(begun(), 6 * 20) for name in EVENT.renditions}
    yield follower
    await end(follower.task)


@pytest.mark.parametrize("kind", ["media", "iframes"])
async def test_all_who_ask_get_the_same_until_there_is_more_to_say(follower: Follower, kind: str) -> None:
    write = getattr(Written(), kind)
    whole, delta = (write(follower, LOW, skip, now_ms=DAWN) for skip in (None, Skipping.SEGMENTS))
    assert b"EXT-X-SKIP" in delta.plain.body
    assert write(follower, LOW, None, now_ms=DAWN + 1) is whole
    assert write(follower, LOW, Skipping.SEGMENTS, now_ms=DAWN + 1) is delta
    follower.states[LOW] = later(follower.states[LOW], 6)
    longer = write(follower, LOW, None, now_ms=DAWN)
    assert longer.plain.body.count(b"#EXTINF") == whole.plain.body.count(b"#EXTINF") + 1


async def test_each_playlist_reports_all_others(follower: Follower) -> None:
    written = Written()
    everything = {f"../{name}/index.m3u8" for name in EVENT.renditions} | {
        f"../{name}/iframes.m3u8" for name in (LOW, HIGH)
    }
    for name in EVENT.renditions:
        text = written.media(follower, name, None, now_ms=DAWN).plain.body.decode()
        assert reported(text, name) == everything - {f"../{name}/index.m3u8"}
    for name in (LOW, HIGH):
        text = written.iframes(follower, name, None, now_ms=DAWN).plain.body.decode()
        assert "#EXT-X-I-FRAMES-ONLY" in text
        assert reported(text, name) == everything - {f"../{name}/iframes.m3u8"}


async def test_texts_go_with_their_event_and_with_the_channel_that_nobody_watches(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: WeakSet[Texts] = WeakSet()

    class Watched(Texts):
        def __init__(self) -> None:
            super().__init__()
            made.add(self)

    monkeypatch.setattr(module, "Texts", Watched)
    written = Written()
    for name in EVENT.renditions:
        written.media(follower, name, None, now_ms=DAWN)
    assert len(made) == 3
    next_event = feeds.event(number=2)
    assert set(next_event.renditions).isdisjoint(EVENT.renditions)
    follower.event, follower.states = next_event, {name: later(begun(), 6) for name in next_event.renditions}
    written.media(follower, next_event.renditions[0], None, now_ms=DAWN)
    gc.collect()
    assert len(made) == 1

    other = Follower(EVENT.channel, MemoryCache())
    await other.ready()
    other.event, other.states = follower.event, follower.states
    written.media(other, next_event.renditions[0], None, now_ms=DAWN)
    assert len(made) == 2
    await end(other.task)
    del other
    gc.collect()  # the follower, and with it
    gc.collect()  # what was kept for it
    assert len(made) == 1


def reported(text: str, name: str) -> set[str]:
    """The URIs of the reports in a playlist of this rendition, seen from one of another."""
    lines = [line.split('"')[1] for line in text.splitlines() if line.startswith("#EXT-X-RENDITION-REPORT")]
    assert len(lines) == len(set(lines))
    return {uri if uri.startswith("../") else f"../{name}/{uri}" for uri in lines}
