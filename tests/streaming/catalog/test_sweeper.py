from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from infra.memory import MemoryCache, MemoryEngine, MemoryStore
from infra.sql import metadata
from manifests import layout
from manifests.layout import AssetId, RenditionId
from streaming.catalog.model import AssetState
from streaming.catalog.service import Catalogue
from streaming.catalog.sweeper import Sweeper, sweep_version
from streaming.clock import utc_now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


async def test_an_asset_goes_wholly_and_looks_grow_rarer(sql_engine: AsyncEngine) -> None:
    async with sql_engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    now = utc_now()
    store, jobs = MemoryStore(), MemoryEngine()
    catalogue = Catalogue(sql=sql_engine, cache=MemoryCache(), jobs=jobs, clock=lambda: now)
    sweeper = Sweeper(store=store, cache=MemoryCache(), jobs=jobs, catalogue=catalogue, clock=lambda: now)
    asset = (await catalogue.create(titles={"en": "A marathon"}, created_by="test")).id
    late = layout.segment(asset, RenditionId("v720-1"), 0)
    for number in range(250):
        await store.put(layout.segment(asset, RenditionId("v720-1"), number), b"x", content_type="video/iso.segment")
    await catalogue.delete(asset)
    await sweeper.sweep()
    assert [stat async for stat in store.list("")] == []

    looks = 0
    for _ in range(20 * 60):
        now += timedelta(seconds=1)
        await store.put(late, b"x", content_type="video/iso.segment")
        await sweeper.sweep()
        looks += await store.head(late) is None
    assert 5 < looks < 30
    await store.delete([late])
    now += timedelta(hours=1)
    await sweeper.sweep()
    assert await catalogue.tombstones() == []


async def test_of_a_cancelled_encode_nothing_stays_and_the_next_source_is_left_alone(sql_engine: AsyncEngine) -> None:
    async with sql_engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    now = utc_now()
    store, jobs = MemoryStore(), MemoryEngine()
    catalogue = Catalogue(sql=sql_engine, cache=MemoryCache(), jobs=jobs, clock=lambda: now)
    sweeper = Sweeper(store=store, cache=MemoryCache(), jobs=jobs, catalogue=catalogue, clock=lambda: now)
    asset = (await catalogue.create(titles={"en": "A false start"}, created_by="test")).id
    version = await catalogue.begin_upload(asset)
    await catalogue.source_arrived(asset, version=version, size=1, filename="a.mp4")
    first, second = (layout.segment(asset, RenditionId(f"v720-{number}"), 0) for number in (1, 2))
    statics = layout.multivariant(asset), layout.mpd(asset)
    for key in (layout.source(asset, 1), layout.plan(asset, 1), first, *statics):
        await store.put(key, b"x", content_type="text/plain")
    assert (await catalogue.cancel(asset)).state is AssetState.FAILED
    assert await jobs.pending(asset) == frozenset()
    await sweeper.sweep()
    assert [stat.key async for stat in store.list("")] == []
    await store.put(first, b"late", content_type="text/plain")
    now += timedelta(seconds=5)
    await sweeper.sweep()
    assert await store.head(first) is None

    await catalogue.begin_upload(asset)
    await store.put(second, b"x", content_type="text/plain")
    now += timedelta(seconds=60)
    await sweeper.sweep()
    assert await store.head(second) is not None


async def test_what_one_source_left_goes_and_nothing_else() -> None:
    store, asset = MemoryStore(), AssetId("a")
    for version in (1, 2, 11):
        rendition = RenditionId(f"v720-{version}")
        for key in (
            layout.source_arriving(asset, version), layout.source_piece(asset, version, 5, 1),
            layout.plan(asset, version), f"{layout.work_prefix(asset, version)}growing.json",
            layout.init(asset, rendition), layout.segment(asset, rendition, 0),
        ):  # fmt: skip
            await store.put(key, b"x", content_type="text/plain")
    await store.put(layout.multivariant(asset), b"x", content_type="text/plain")
    assert await sweep_version(store, asset, 1) == 6
    left = [stat.key async for stat in store.list("")]
    assert len(left) == 13
    assert not any("/1/" in key or "-1/" in key for key in left)
