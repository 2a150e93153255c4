from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import pytest

from infra.memory import MemoryCache, MemoryStore
from manifests.layout import RenditionId
from transcoder import signals
from transcoder.encryption.key_store import KeyStore
from transcoder.encryption.whole_segments import decrypt
from transcoder.plan import Protection
from transcoder.profile import Encryption
from transcoder.progress import ProgressBoard
from transcoder.publish import Publisher, announce, put_once

if TYPE_CHECKING:
    from infra.ports import Cache, ObjectStore
    from infra.redis_cache import RedisCache
    from infra.s3 import S3Store
    from transcoder.plan import Plan

V90 = RenditionId("v90-1")


def publisher(plan: Plan, store: ObjectStore, cache: Cache) -> Publisher:
    return Publisher(plan=plan, store=store, cache=cache, board=ProgressBoard(store=store, cache=cache))


async def test_objects_lie_under_their_keys_for_ever(plan: Plan, store: S3Store, cache: RedisCache) -> None:
    sink = publisher(plan, store, cache)
    await sink(V90, None, b"init")
    await sink(V90, 7, b"segment")
    await sink(RenditionId("a1-1"), None, b"audio init")
    for key, content_type, size in (
        ("media/asset/v90-1/init.mp4", "video/mp4", 4),
        ("media/asset/v90-1/7.m4s", "video/iso.segment", 7),
        ("media/asset/a1-1/init.mp4", "audio/mp4", 10),
    ):
        stat = await store.head(key)
        assert stat is not None
        assert (stat.content_type, stat.size) == (content_type, size)
        assert stat.cache_control == "public, max-age=31536000, immutable"


async def test_the_first_writer_wins(plan: Plan) -> None:
    store, cache = MemoryStore(), MemoryCache()
    await publisher(plan, store, cache)(V90, 0, b"first")
    await publisher(plan, store, cache)(V90, 0, b"second")
    assert await store.read("media/asset/v90-1/0.m4s") == b"first"


async def test_segments_are_published_encrypted_and_a_retry_has_the_same_keys(plan: Plan) -> None:
    """Two workers, the second after the first was killed: whoever's object stands, the key that is told opens it."""
    plan = replace(plan, protection=Protection(scheme=Encryption.AES_128, period=1))
    store, cache = MemoryStore(), MemoryCache()
    await KeyStore(store).make(plan.asset, plan.version)
    board = ProgressBoard(store=store, cache=cache)
    for body in (b"first", b"second"):
        keys = await KeyStore(store).of(plan)
        sink = Publisher(plan=plan, keys=keys, store=store, cache=cache, board=board)
        await sink(V90, None, b"init")
        await sink(V90, 3, body)
        await KeyStore(store).make(plan.asset, plan.version)
    assert await store.read("media/asset/v90-1/init.mp4") == b"init"
    told = await KeyStore(store).of(plan)
    assert told is not None
    assert decrypt(told.key(3), 3, await store.read("media/asset/v90-1/3.m4s")) == b"first"


async def test_what_is_to_be_encrypted_is_never_published_without_keys(plan: Plan) -> None:
    with pytest.raises(ValueError, match="come together"):
        publisher(replace(plan, protection=Protection(scheme=Encryption.AES_128)), MemoryStore(), MemoryCache())


async def test_put_once_says_who_was_first(store: S3Store) -> None:
    results: list[bool] = []

    async def put(body: bytes) -> None:
        results.append(await put_once(store, "work/a/1/ready.json", body, content_type="application/json"))

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(put, str(number).encode())
    assert results.count(True) == 1


async def test_those_who_wait_are_woken(plan: Plan) -> None:
    store, cache = MemoryStore(), MemoryCache()
    channel = signals.asset_channel(plan.asset)
    async with cache.subscribe(channel, signals.EVERYTHING) as messages:
        await publisher(plan, store, cache)(V90, 3, b"segment")
        ready = signals.Signal(what="ready", asset=plan.asset, version=1)
        await announce(cache, ready)
        heard = [await anext(messages) for _ in range(3)]
    segment = signals.Signal(what="segment", asset=plan.asset, version=1, rendition=V90, number=3)
    assert [(name, signals.load(body)) for name, body in heard] == [
        (channel, segment),
        (channel, ready),
        (signals.EVERYTHING, ready),
    ]
