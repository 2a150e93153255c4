from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.transcoder.live import feeds
from transcoder.live.broadcast import Broadcast

if TYPE_CHECKING:
    from infra.redis_cache import RedisCache
    from infra.s3 import S3Store
    from transcoder.live.event import LiveEvent
    from transcoder.live.slate import Slate


@pytest.mark.parametrize("ending", [Broadcast.finish, Broadcast.aclose])
async def test_an_end_that_is_stopped_leaves_nothing_running(cache: RedisCache, store: S3Store, ending: object) -> None:
    encodes = [asyncio.Event(), asyncio.Event()]

    async def encode(event: LiveEvent, picture: bytes | None) -> Slate:
        begun, ended = encodes
        begun.set()
        try:
            return await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    broadcast = Broadcast(
        feeds.event(), cache=cache, store=store, clock=lambda: 0, dvr=timedelta(minutes=5), slate_of=encode
    )
    broadcast.announce()
    await encodes[0].wait()
    stopped = asyncio.create_task(ending(broadcast))  # type: ignore[operator]
    await asyncio.sleep(0)
    stopped.cancel()
    with suppress(asyncio.CancelledError):
        await stopped
    assert encodes[1].is_set()
