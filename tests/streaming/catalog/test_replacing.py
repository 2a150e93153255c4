"""Replacing the source of an asset that plays: what is played changes once, when all of the new version is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from infra.sql import metadata
from manifests import layout
from manifests.layout import RenditionId
from streaming.catalog.errors import AssetNotFound, NoReplacement, UploadSuperseded
from streaming.catalog.model import AssetState
from tests.streaming.catalog.test_reconciler import House, keys, put_source
from transcoder.facts import Failure, write_failure
from transcoder.finish import finish
from transcoder.remaining import expected

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from manifests.layout import AssetId
    from streaming.catalog.model import Asset
    from transcoder.plan import Plan


class Desk(House):
    """A house with an asset that plays, and an editor who has another file for it."""

    async def ready(self) -> Asset:
        asset = await self.uploaded()
        plan = await self.planned(asset)
        await self.encoded(plan)
        await finish(self.store, plan)
        await self.reconciler.sweep()
        await self.lose_the_queue(asset)
        return await self.get(asset)

    async def get(self, asset: Asset) -> Asset:
        return await self.catalogue.get(asset.id)

    async def arrived(self, asset: Asset, version: int) -> Asset:
        await put_source(self.store, asset.id, version, b"another")
        return await self.catalogue.source_arrived(asset.id, version=version, size=7, filename="final.mp4")

    async def replanned(self, asset: Asset, version: int) -> Plan:
        """The plan of a replacement."""
        coming = (await self.get(asset)).replacement
        assert coming is not None
        return await self.planned(replace(asset, version=version))

    async def listed(self, asset: Asset) -> str:
        return (await self.store.read(layout.multivariant(asset.id))).decode()

    async def of_version(self, asset: AssetId, version: int) -> set[str]:
        prefixes = (f"/{version}/", f"-{version}/")
        return {key async for key in keys(self.store) if asset in key and any(part in key for part in prefixes)}


@pytest.fixture
async def desk(sql_engine: AsyncEngine) -> Desk:
    async with sql_engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    return Desk(sql_engine)


async def test_what_plays_stays_until_all_of_the_other_is_there(desk: Desk) -> None:
    asset = await desk.ready()
    version = await desk.catalogue.begin_upload(asset.id)
    steps = []

    async def look() -> None:
        await desk.reconciler.sweep()
        now = await desk.get(asset)
        steps.append((now.state, now.playing, now.replacement and now.replacement.state, now.source_size))
        assert f"a1-{now.playing}/" in await desk.listed(asset)

    await look()
    await desk.arrived(asset, version)
    await look()
    plan = await desk.replanned(asset, version)
    await desk.encoded(plan, but=4)
    await look()
    await desk.encoded(plan)
    await look()
    await finish(desk.store, plan)
    await look()
    await look()
    assert steps == [
        (AssetState.READY, 1, AssetState.UPLOADING, 6),
        (AssetState.READY, 1, AssetState.INDEXING, 6),
        (AssetState.READY, 1, AssetState.PLAYABLE, 6),
        (AssetState.READY, 1, AssetState.PLAYABLE, 6),
        (AssetState.READY, 2, None, 7),
        (AssetState.READY, 2, None, 7),
    ]
    replaced = await desk.get(asset)
    assert (replaced.source_filename, replaced.revision) == ("final.mp4", asset.revision)


async def test_no_more_is_asked_for_of_what_is_about_to_be_replaced(desk: Desk) -> None:
    asset = await desk.uploaded()
    await desk.planned(asset)
    await desk.reconciler.sweep()
    version = await desk.catalogue.begin_upload(asset.id)
    await desk.arrived(asset, version)
    await desk.replanned(asset, version)
    await desk.lose_the_queue(asset)
    await desk.reconciler.sweep()
    pending = await desk.jobs.pending(asset.id)
    assert pending
    assert all(task.startswith(f"{asset.id}/{version}/") for task in pending)
    await write_failure(desk.store, asset.id, version, Failure(code="broken", message="It is broken."))
    await desk.lose_the_queue(asset)
    await desk.reconciler.sweep()
    await desk.reconciler.sweep()
    assert any(task.startswith(f"{asset.id}/1/") for task in await desk.jobs.pending(asset.id)), "it stays, after all"


async def test_who_plays_the_old_version_has_his_time_to_end_it(desk: Desk) -> None:
    asset = await desk.ready()
    version = await desk.catalogue.begin_upload(asset.id)
    await desk.arrived(asset, version)
    plan = await desk.replanned(asset, version)
    await desk.encoded(plan)
    await finish(desk.store, plan)
    before = await desk.of_version(asset.id, 1)
    desk.now += timedelta(hours=23)
    await desk.reconciler.sweep()
    desk.now += timedelta(hours=23)
    await desk.reconciler.sweep()
    assert await desk.of_version(asset.id, 1) == before
    desk.now += timedelta(hours=2)
    await desk.reconciler.sweep()
    assert await desk.of_version(asset.id, 1) == set()
    assert len(await desk.of_version(asset.id, 2)) > len(expected(plan))
    desk.now += timedelta(hours=1)
    await desk.reconciler.sweep()
    assert await desk.catalogue.former() == []


async def test_a_source_that_cannot_be_made_leaves_the_old_one_and_its_reason(desk: Desk) -> None:
    asset = await desk.ready()
    before = {key async for key in keys(desk.store)}
    version = await desk.catalogue.begin_upload(asset.id)
    await desk.arrived(asset, version)
    await desk.encoded(await desk.replanned(asset, version), but=4)
    await desk.reconciler.sweep()
    await write_failure(desk.store, asset.id, version, Failure(code="encode_failed", message="It is damaged."))
    await desk.reconciler.sweep()
    failed = await desk.get(asset)
    assert (failed.state, failed.playing, failed.failure) == (AssetState.READY, 1, None)
    assert failed.replacement is not None
    assert (failed.replacement.state, failed.replacement.version) == (AssetState.FAILED, 2)
    assert failed.replacement.failure == Failure(code="encode_failed", message="It is damaged.")
    assert {key async for key in keys(desk.store)} == before
    assert (await desk.catalogue.cancel_replacement(asset.id)).replacement is None
    with pytest.raises(NoReplacement):
        await desk.catalogue.cancel_replacement(asset.id)


@pytest.mark.parametrize("far", ["uploading", "indexing", "playable", "ready"])
async def test_a_replacement_that_is_given_up_was_never_there(desk: Desk, far: str) -> None:
    asset = await desk.ready()
    before = {key async for key in keys(desk.store)}
    version = await desk.catalogue.begin_upload(asset.id)
    await desk.catalogue.source_arriving(asset.id, version=version)
    if far != "uploading":
        await desk.arrived(asset, version)
    if far in ("playable", "ready"):
        plan = await desk.replanned(asset, version)
        await desk.encoded(plan, but=4 if far == "playable" else 0)
        if far == "playable":
            await desk.reconciler.sweep()
        else:
            await finish(desk.store, plan)
    assert await desk.jobs.pending(asset.id)
    await desk.catalogue.cancel_replacement(asset.id)
    assert await desk.jobs.pending(asset.id) == frozenset()
    await desk.reconciler.sweep()
    assert {key async for key in keys(desk.store)} == before
    assert ((await desk.get(asset)).playing, (await desk.get(asset)).replacement) == (1, None)
    with pytest.raises(UploadSuperseded):
        await desk.catalogue.source_arriving(asset.id, version=version)
    with pytest.raises(UploadSuperseded):
        await desk.arrived(asset, version)


async def test_of_two_replacements_the_last_wins(desk: Desk) -> None:
    asset = await desk.ready()
    first = await desk.catalogue.begin_upload(asset.id)
    await desk.arrived(asset, first)
    plan = await desk.replanned(asset, first)
    second = await desk.catalogue.begin_upload(asset.id)
    assert await desk.jobs.pending(asset.id) == frozenset()
    await desk.encoded(plan)
    await finish(desk.store, plan)
    await desk.reconciler.sweep()
    assert (await desk.get(asset)).playing == 1, "the first is not wanted any more, though it is whole"
    assert await desk.of_version(asset.id, first) == set()
    await desk.arrived(asset, second)
    plan = await desk.replanned(asset, second)
    await desk.encoded(plan)
    await finish(desk.store, plan)
    await desk.reconciler.sweep()
    assert (await desk.get(asset)).playing == second
    assert {each.version: each.played for each in await desk.catalogue.former()} == {1: True, 2: False}


async def test_an_upload_that_is_given_up_changes_nothing(desk: Desk) -> None:
    asset = await desk.ready()
    first = await desk.catalogue.begin_upload(asset.id)
    second = await desk.catalogue.begin_upload(asset.id)
    await desk.catalogue.upload_abandoned(asset.id, version=first)
    assert (await desk.get(asset)).replacement is not None, "the other goes on"
    await desk.catalogue.upload_abandoned(asset.id, version=second)
    now = await desk.get(asset)
    assert (now.state, now.playing, now.replacement) == (AssetState.READY, 1, None)


async def test_where_nothing_can_be_played_the_plan_is_enough(desk: Desk) -> None:
    asset = await desk.uploaded()
    await desk.planned(asset)
    await desk.reconciler.sweep()
    version = await desk.catalogue.begin_upload(asset.id)
    await desk.arrived(asset, version)
    await write_failure(desk.store, asset.id, 1, Failure(code="encode_failed", message="…"))
    await desk.reconciler.sweep()
    assert (await desk.get(asset)).playing is None
    await desk.replanned(asset, version)
    await desk.reconciler.sweep()
    now = await desk.get(asset)
    assert (now.state, now.playing, now.failure, now.replacement) == (AssetState.PLAYABLE, version, None, None)


async def test_a_process_that_dies_behind_the_switch_leaves_the_playlists_to_the_next(desk: Desk) -> None:
    asset = await desk.ready()
    version = await desk.catalogue.begin_upload(asset.id)
    await desk.arrived(asset, version)
    plan = await desk.replanned(asset, version)
    await desk.encoded(plan)
    await finish(desk.store, plan)
    await desk.catalogue.replaced(asset.id, plan)  # and then it was killed
    assert "a1-1/" in await desk.listed(asset)
    await desk.new_reconciler().sweep()
    assert "a1-2/" in await desk.listed(asset)
    assert (await desk.catalogue.replaced(asset.id, plan)).version == version
    assert [each.version for each in await desk.catalogue.former()] == [1]


async def test_what_the_queue_lost_of_a_replacement_is_asked_for_again(desk: Desk) -> None:
    asset = await desk.ready()
    version = await desk.catalogue.begin_upload(asset.id)
    await desk.arrived(asset, version)
    await desk.lose_the_queue(asset)
    await desk.reconciler.sweep()
    assert await desk.jobs.pending(asset.id) == {f"{asset.id}/2/index"}
    await desk.encoded(await desk.replanned(asset, version), but=3)
    await desk.lose_the_queue(asset)
    await desk.reconciler.sweep()
    assert await desk.jobs.pending(asset.id) == {f"{asset.id}/2/a1-2/4-6"}


async def test_a_deleted_asset_takes_its_replacement_with_it(desk: Desk) -> None:
    asset = await desk.ready()
    version = await desk.catalogue.begin_upload(asset.id)
    await desk.arrived(asset, version)
    await desk.catalogue.delete(asset.id)
    assert await desk.jobs.pending(asset.id) == frozenset()
    with pytest.raises(AssetNotFound):
        await desk.catalogue.cancel_replacement(asset.id)
    await desk.reconciler.sweep()
    assert {key async for key in keys(desk.store)} == set()


async def test_late_objects_of_what_was_given_up_go_too(desk: Desk) -> None:
    asset = await desk.ready()
    version = await desk.catalogue.begin_upload(asset.id)
    await desk.catalogue.cancel_replacement(asset.id)
    await desk.reconciler.sweep()
    late = layout.segment(asset.id, RenditionId(f"a1-{version}"), 3)
    await desk.store.put(late, b"late", content_type="video/iso.segment")
    desk.now += timedelta(seconds=5)
    await desk.reconciler.sweep()
    assert await desk.store.head(late) is None
