from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.memory import MemoryCache
from infra.tasks import end
from manifests.live.updates import Skipping
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


def reported(text: str, name: str) -> set[str]:
    """The URIs of the reports in a playlist of this rendition, seen from one of another."""
    lines = [line.split('"')[1] for line in text.splitlines() if line.startswith("#EXT-X-RENDITION-REPORT")]
    assert len(lines) == len(set(lines))
    return {uri if uri.startswith("../") else f"../{name}/{uri}" for uri in lines}
