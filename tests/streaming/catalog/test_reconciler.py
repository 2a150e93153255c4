from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

import anyio
import pytest

from infra.memory import MemoryCache, MemoryEngine, MemoryStore
from infra.sql import metadata
from manifests import layout
from manifests.layout import AssetId, RenditionId
from streaming.catalog.model import AssetState
from streaming.catalog.reconciler import Reconciler
from streaming.catalog.service import Catalogue
from streaming.clock import utc_now
from transcoder import signals
from transcoder.facts import Failure, find_growing, read_failure, write_failure, write_growing, write_plan
from transcoder.finish import finish
from transcoder.plan import AAC_FRAME, AudioPlan, Plan, SourceRef, VideoPlan, VideoRung
from transcoder.publish import announce, key_of
from transcoder.remaining import expected
from transcoder.sources.pieces import Piece, SourceBytes, write_source

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncEngine

    from streaming.catalog.model import Asset


async def put_source(store: MemoryStore, asset: AssetId, version: int, body: bytes) -> None:
    piece = Piece(key=layout.source_piece(asset, version), start=0, size=len(body))
    await store.put(piece.key, body, content_type="video/mp4")
    await write_source(store, asset, version, SourceBytes(pieces=(piece,), length=len(body), whole=True))


class House:
    """A catalogue, a bucket, a queue that nobody works on, and a clock that only the test moves."""

    def __init__(self, sql: AsyncEngine) -> None:
        self.store, self.cache, self.jobs = MemoryStore(), MemoryCache(), MemoryEngine()
        self.now = utc_now()
        self.catalogue = Catalogue(sql=sql, cache=self.cache, jobs=self.jobs, clock=self.clock)
        self.reconciler = self.new_reconciler()

    def clock(self) -> datetime:
        return self.now

    def new_reconciler(self) -> Reconciler:
        return Reconciler(
            store=self.store,
            cache=self.cache,
            jobs=self.jobs,
            catalogue=self.catalogue,
            every=timedelta(milliseconds=50),
            clock=self.clock,
        )

    async def uploaded(self) -> Asset:
        """An asset whose source has just arrived."""
        asset = await self.catalogue.create(titles={"en": "A race"}, created_by="test")
        version = await self.catalogue.begin_upload(asset.id)
        await put_source(self.store, asset.id, version, b"source")
        return await self.catalogue.source_arrived(asset.id, version=version, size=6, filename="race.mp4")

    async def planned(self, asset: Asset) -> Plan:
        """Its plan, in the bucket: ten segments of sound."""
        track = AudioPlan(
            id=RenditionId(f"a1-{asset.version}"), stream=0, time_base=Fraction(1, 48000), origin=0,
            sample_rate=48000, channels=2, samples=1880 * AAC_FRAME, cuts=tuple(range(0, 1881, 188)), bitrate=128_000,
            codecs="mp4a.40.2", language="en", name="English", default=True,
        )  # fmt: skip
        source = SourceRef(key=layout.source(asset.id, asset.version), size=6, demuxer="mov")
        plan = Plan(asset=asset.id, version=asset.version, source=source, video=None, audio=(track,))
        return await write_plan(self.store, plan)

    async def growing(self, asset: Asset, version: int) -> Plan:
        """The plan of what has arrived of a source: two segments of pictures, whose objects are there."""
        rung = VideoRung(
            id=RenditionId(f"v90-{version}"), width=160, height=90, divisor=1, crf=25, average=64_000, maxrate=96_000,
            bufsize=48_000, profile="main", level="1.1", codecs="avc1.4d400b", bandwidth=122_400,
        )  # fmt: skip
        video = VideoPlan(
            stream=0, rate=Fraction(25), frames=100, gop=50, segment=50, time_base=Fraction(1, 25), origin=0,
            starts=(0, 50), constant=True, interlaced=False, hdr=None, rotation=0, mirrored=False, width=160,
            height=90, rungs=(rung,),
        )  # fmt: skip
        source = SourceRef(key=layout.source(asset.id, version), size=6, demuxer="mpegts")
        plan = Plan(asset=asset.id, version=version, source=source, video=video, audio=(), grown=True)
        await write_growing(self.store, plan)
        await self.encoded(plan)
        return plan

    async def encoded(self, plan: Plan, *, but: int = 0) -> None:
        """All objects of a plan but the last few segments."""
        for rendition, number in expected(plan):
            if number is None or number < 10 - but:
                await self.store.put(key_of(plan.asset, rendition, number), b"x", content_type="video/iso.segment")

    async def lose_the_queue(self, asset: Asset) -> None:
        await self.jobs.cancel(asset.id)

    async def state(self, asset: Asset) -> AssetState:
        return (await self.catalogue.get(asset.id)).state


@pytest.fixture
async def house(sql_engine: AsyncEngine) -> House:
    async with sql_engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    return House(sql_engine)


@asynccontextmanager
async def running(*reconcilers: Reconciler) -> AsyncIterator[None]:
    async with anyio.create_task_group() as group:
        for each in reconcilers:
            group.start_soon(each.run)
        yield
        group.cancel_scope.cancel()


async def test_the_facts_are_folded_into_the_catalogue(house: House) -> None:
    asset = await house.uploaded()
    await house.reconciler.sweep()
    assert await house.state(asset) is AssetState.INDEXING
    plan = await house.planned(asset)
    await house.reconciler.sweep()
    playable = await house.catalogue.get(asset.id)
    assert playable.state is AssetState.PLAYABLE
    assert playable.duration_s == pytest.approx(1880 * 1024 / 48000)
    await house.encoded(plan)
    assert await finish(house.store, plan) is None
    await house.reconciler.sweep()
    assert await house.state(asset) is AssetState.READY


async def test_an_asset_that_was_made_while_nobody_looked_is_ready_at_once(house: House) -> None:
    asset = await house.uploaded()
    plan = await house.planned(asset)
    await house.encoded(plan)
    await finish(house.store, plan)
    await house.reconciler.sweep()
    ready = await house.catalogue.get(asset.id)
    assert ready.state is AssetState.READY
    assert ready.duration_s is not None


@pytest.mark.parametrize("playable", [False, True])
async def test_a_failure_is_told_with_its_reason(house: House, playable: bool) -> None:
    asset = await house.uploaded()
    if playable:
        await house.planned(asset)
        await house.reconciler.sweep()
    reason = Failure(code="truncated", message="The file ends too early.", cause="moov not found")
    await write_failure(house.store, asset.id, asset.version, reason)
    await house.reconciler.sweep()
    failed = await house.catalogue.get(asset.id)
    assert failed.state is AssetState.FAILED
    assert failed.failure is not None
    assert (failed.failure.code, failed.failure.message) == ("truncated", "The file ends too early.")


async def test_the_first_task_got_lost(house: House) -> None:
    asset = await house.uploaded()
    await house.lose_the_queue(asset)
    await house.reconciler.sweep()
    assert await house.jobs.pending(asset.id) == {f"{asset.id}/1/index"}


async def test_what_is_missing_is_asked_for_and_nothing_else(house: House) -> None:
    asset = await house.uploaded()
    plan = await house.planned(asset)
    await house.encoded(plan, but=3)
    await house.lose_the_queue(asset)
    await house.reconciler.sweep()
    assert await house.jobs.pending(asset.id) == {f"{asset.id}/1/a1-1/4-6"}


async def test_everything_is_there_but_the_finish_got_lost(house: House) -> None:
    asset = await house.uploaded()
    await house.encoded(await house.planned(asset))
    await house.lose_the_queue(asset)
    await house.reconciler.sweep()
    assert await house.jobs.pending(asset.id) == {f"{asset.id}/1/finish"}


async def test_what_the_queue_knows_is_left_to_it(house: House) -> None:
    asset = await house.uploaded()
    before = await house.jobs.depth()
    await house.planned(asset)
    await house.reconciler.sweep()
    after = await house.jobs.depth()
    assert [depth.queued for depth in after.values()] == [depth.queued for depth in before.values()]


async def test_between_thorough_sweeps_the_bucket_is_not_asked_about_what_is_in_the_queue(house: House) -> None:
    asset = await house.uploaded()
    await house.planned(asset)
    await house.reconciler.sweep(thorough=False)
    assert await house.state(asset) is AssetState.INDEXING
    await house.lose_the_queue(asset)
    await house.reconciler.sweep(thorough=False)
    assert await house.state(asset) is AssetState.PLAYABLE


async def test_a_source_that_is_gone_is_a_failure(house: House) -> None:
    asset = await house.uploaded()
    await house.lose_the_queue(asset)
    await house.store.delete([layout.source(asset.id, 1)])
    await house.reconciler.sweep()
    failed = await house.catalogue.get(asset.id)
    assert failed.failure is not None
    assert failed.failure.code == "source_missing"


async def test_an_asset_that_makes_no_progress_is_not_asked_for_for_ever(house: House) -> None:
    asset = await house.uploaded()
    plan = await house.planned(asset)
    for sweeps in range(60):
        if sweeps == 15:
            await house.encoded(plan, but=5)  # progress: the count begins again
        await house.lose_the_queue(asset)
        await house.reconciler.sweep()
        if await house.state(asset) is AssetState.FAILED:
            break
    assert sweeps == 15 + 20
    failure = await read_failure(house.store, asset.id, 1)
    assert failure is not None
    assert failure.code == "stuck"


async def test_one_asset_that_cannot_be_understood_does_not_hold_up_the_others(house: House) -> None:
    broken, sound = await house.uploaded(), await house.uploaded()
    await house.store.put(layout.plan(broken.id, 1), b"{", content_type="application/json")
    await house.planned(sound)
    await house.reconciler.sweep()
    assert await house.state(sound) is AssetState.PLAYABLE


async def test_media_of_a_deleted_asset_go_and_late_ones_too(house: House) -> None:
    asset, other = await house.uploaded(), await house.uploaded()
    for each in (asset, other):
        await house.encoded(await house.planned(each))
    await house.catalogue.delete(asset.id)
    await house.reconciler.sweep()
    assert {key.split("/")[1] async for key in keys(house.store)} == {other.id}

    await house.store.put(layout.segment(asset.id, RenditionId("a1-1"), 9), b"late", content_type="video/iso.segment")
    house.now += timedelta(minutes=1)
    await house.reconciler.sweep()
    assert {key.split("/")[1] async for key in keys(house.store)} == {other.id}
    assert [each.id for each in await house.catalogue.tombstones()] == [asset.id]

    house.now += timedelta(minutes=20)
    await house.reconciler.sweep()
    assert await house.catalogue.tombstones() == []
    assert await house.state(other) is AssetState.PLAYABLE


async def keys(store: MemoryStore) -> AsyncIterator[str]:
    async for stat in store.list(""):
        yield stat.key


async def test_what_a_failed_source_left_goes_when_the_next_one_is_whole(house: House) -> None:
    asset = await house.uploaded()
    await house.encoded(await house.planned(asset), but=4)
    await write_failure(house.store, asset.id, 1, Failure(code="encode_failed", message="…"))
    await house.reconciler.sweep()
    version = await house.catalogue.begin_upload(asset.id)
    await put_source(house.store, asset.id, version, b"better")
    better = await house.catalogue.source_arrived(asset.id, version=version, size=6, filename="race2.mp4")
    plan = await house.planned(better)
    await house.encoded(plan)
    await finish(house.store, plan)
    await house.reconciler.sweep()
    assert await house.state(asset) is AssetState.READY
    left = {key async for key in keys(house.store)}
    assert left == {
        *(key_of(asset.id, *name) for name in expected(plan)),
        *(key(asset.id, 2) for key in (layout.source, layout.source_piece, layout.plan, layout.measured, layout.ready)),
        layout.multivariant(asset.id),
        layout.mpd(asset.id),
        layout.media_playlist(asset.id, RenditionId("a1-2")),
    }


async def test_tasks_of_a_deleted_asset_are_cancelled(house: House) -> None:
    asset = await house.uploaded()
    await house.catalogue.delete(asset.id)
    await house.reconciler.sweep()
    assert await house.jobs.pending(asset.id) == frozenset()


async def test_a_signal_is_heard_at_once(house: House, eventually: Callable[..., Awaitable[None]]) -> None:
    slow = Reconciler(
        store=house.store, cache=house.cache, jobs=house.jobs, catalogue=house.catalogue, every=timedelta(hours=1)
    )
    asset = await house.uploaded()
    async with running(slow):
        await eventually(lambda: house.cache.holder("channel:lease:reconciler") is not None)
        await house.planned(asset)

        async def playable() -> bool:
            await announce(house.cache, signals.Signal(what="plan", asset=asset.id, version=1))
            return await house.state(asset) is AssetState.PLAYABLE

        await eventually(playable)


async def test_another_one_leads_when_the_leader_dies(house: House, eventually: Callable[..., Awaitable[None]]) -> None:
    async with running(house.new_reconciler()):
        await eventually(lambda: house.cache.holder("channel:lease:reconciler") is not None)
        leader = house.cache.holder("channel:lease:reconciler")
        async with running(house.new_reconciler()):
            house.cache.forget()  # the leader's lease too
            await eventually(lambda: house.cache.holder("channel:lease:reconciler") not in (None, leader))
            asset = await house.uploaded()
            await house.planned(asset)

            async def playable() -> bool:
                return await house.state(asset) is AssetState.PLAYABLE

            await eventually(playable)


@pytest.mark.parametrize("signalled", [True, False])
async def test_a_source_is_played_while_it_arrives(
    house: House, eventually: Callable[..., Awaitable[None]], signalled: bool
) -> None:
    asset = await house.catalogue.create(titles={"en": "A race"}, created_by="test")
    version = await house.catalogue.begin_upload(asset.id)

    async def playing() -> bool:
        return (await house.catalogue.get(asset.id)).playing == version

    async with running(house.reconciler):
        await house.growing(asset, version)
        if signalled:
            await announce(house.cache, signals.Signal(what="plan", asset=asset.id, version=version))
        await eventually(playing)
    assert await house.state(asset) is AssetState.UPLOADING


async def test_of_a_source_that_turns_out_broken_nothing_stays_but_the_reason(house: House) -> None:
    asset = await house.catalogue.create(titles={"en": "A race"}, created_by="test")
    version = await house.catalogue.begin_upload(asset.id)
    plan = await house.growing(asset, version)
    await house.catalogue.growing(asset.id, plan)
    await put_source(house.store, asset.id, version, b"source")
    await house.catalogue.source_arrived(asset.id, version=version, size=6, filename="race.ts")
    await write_failure(house.store, asset.id, version, Failure(code="encrypted", message="It is protected."))
    await house.reconciler.look(asset.id)
    failed = await house.catalogue.get(asset.id)
    assert (failed.state, failed.playing) == (AssetState.FAILED, None)
    assert await find_growing(house.store, asset.id, version) is None
    assert [stat async for stat in house.store.list(layout.media_prefix(asset.id))] == []
    assert await read_failure(house.store, asset.id, version) is not None
