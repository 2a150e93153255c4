from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from manifests.live import change
from manifests.live.state import Pace
from streaming.http.caching import strong_etag
from streaming.live.viewing.bodies import Bodies
from tests.streaming.live.stage import EVENT, FIRST, PICTURE
from transcoder.live import board

if TYPE_CHECKING:
    from infra.redis_cache import RedisCache
    from infra.s3 import S3Store

PACE = Pace(timescale=48_000, part=15_360, parts=6, target_duration=2)


async def test_a_part_has_its_tag_while_it_is_kept_and_afterwards(cache: RedisCache, store: S3Store) -> None:
    bodies = Bodies(cache=cache, store=store, held=5)
    state = change.begin(pace=PACE, number=FIRST, init="init.mp4", window_s=None)
    for index in range(2):
        state = change.add_part(state, duration=PACE.part, size=4, now_ms=0, independent=True, pdt_ms=0)
        key = board.part_key(EVENT.channel, PICTURE, FIRST, index)
        await cache.put(key, b"%dabc" % index, ttl=timedelta(minutes=1))
    assert state.growing is not None
    for index in (0, 1, 0):
        found = await bodies.part(EVENT, PICTURE, state.growing, index)
        assert found == b"%dabc" % index
        assert bodies.tag(found) == strong_etag(found)
    assert bodies.tag(b"another") == strong_etag(b"another")
