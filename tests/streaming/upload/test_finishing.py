from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import ObjectStoreError
from infra.memory import MemoryStore
from manifests import layout
from manifests.layout import RenditionId
from streaming.catalog.model import AssetState
from streaming.upload.errors import (
    UploadGone,
)
from streaming.upload.model import Upload, UploadKind, UploadState
from streaming.upload.sweeper import Swept
from transcoder.windows import grow_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from streaming.upload.incoming import Incoming


@pytest.mark.parametrize("fuse", range(1, 11))
async def test_a_process_that_dies_while_finishing_is_followed_by_the_sweeper(
    bench_with: Any,
    deadly_store_of: Callable[[], Any],
    incoming: Callable[..., Incoming],
    fuse: int,
) -> None:
    store = deadly_store_of()
    bench = bench_with(store=store)
    upload = await bench.begin(1000)
    await bench.uploads.append(upload.id, incoming(b"x" * 400), offset=0)
    store.fuse = fuse
    try:
        await bench.uploads.append(upload.id, incoming(b"y" * 600), offset=400)
    except store.killed:
        bench.now += timedelta(minutes=2)
        survivor = bench.process()
        await survivor.sweeper.sweep()
        offset = (await survivor.status(upload.id)).offset
        assert offset in (400, 1000)
        if offset == 400:
            await survivor.append(upload.id, incoming(b"y" * 600), offset=400)
    store.fuse = -1
    assert await bench.source(upload) == b"x" * 400 + b"y" * 600
    assert (await bench.catalogue.get(upload.asset)).state is AssetState.INDEXING
    assert (await bench.uploads.status(upload.id)).state is UploadState.DONE


async def test_an_asset_that_was_deleted_meanwhile(bench: Any, incoming: Callable[..., Incoming]) -> None:
    upload = await bench.begin(5)
    await bench.catalogue.delete(upload.asset)
    with pytest.raises(UploadGone):
        await bench.uploads.append(upload.id, incoming(b"hello"), offset=0)
    assert [stat.key async for stat in bench.store.list("")] == []


async def test_of_two_uploads_to_one_asset_the_first_that_arrives_is_used(
    bench: Any, incoming: Callable[..., Incoming]
) -> None:
    first = await bench.begin(5)
    second = await bench.begin(5, asset=first.asset)
    await bench.uploads.append(second.id, incoming(b"later"), offset=0)
    with pytest.raises(UploadGone):
        await bench.uploads.append(first.id, incoming(b"first"), offset=0)
    assert await bench.source(second) == b"later"
    assert {key.split("/")[2] for key in await bench.keys()} == {str(second.version)}


async def test_a_store_that_fails_for_a_moment_loses_nothing(bench_with: Any, incoming: Any) -> None:
    class Failing(MemoryStore):
        broken = False

        async def put(self, key: str, body: bytes, **more: Any) -> Any:
            if self.broken and key.endswith("/source.json"):
                raise ObjectStoreError("not now")
            return await super().put(key, body, **more)

    store = Failing()
    bench = bench_with(store=store)
    upload = await bench.begin(5)
    store.broken = True
    with pytest.raises(ObjectStoreError):
        await bench.uploads.append(upload.id, incoming(b"hello"), offset=0)
    bench.now += timedelta(minutes=2)
    assert await bench.uploads.sweeper.sweep() == Swept()
    store.broken = False
    assert await bench.uploads.sweeper.sweep() == Swept(finished=1)
    assert await bench.source(upload) == b"hello"


async def test_a_source_that_another_has_finished_meanwhile_is_not_thrown_away(
    bench: Any, incoming: Callable[..., Incoming]
) -> None:
    upload = await bench.begin(5)
    seen: list[Upload] = []
    arrived = bench.catalogue.source_arrived

    async def look_first(asset: Any, **more: Any) -> Any:
        seen.append(await bench.uploads.records.get(upload.id))
        return await arrived(asset, **more)

    bench.catalogue.source_arrived = look_first
    await bench.uploads.append(upload.id, incoming(b"hello"), offset=0)
    assert seen[0].whole
    other = bench.process()
    assert (await other.finisher.finish(seen[0])).state is UploadState.DONE
    await other.finisher.abandon(seen[0], UploadState.EXPIRED)
    assert await bench.source(upload) == b"hello"


async def test_bytes_that_the_store_has_lost_end_the_upload(bench: Any, incoming: Callable[..., Incoming]) -> None:
    upload = await bench.begin(10)
    await bench.uploads.append(upload.id, incoming(b"01234"), offset=0)
    await bench.store.delete([key for key in await bench.keys() if not key.endswith(".json")])
    with pytest.raises(UploadGone):
        await bench.uploads.append(upload.id, incoming(b"56789"), offset=5)
    assert await bench.keys() == []
    assert (await bench.catalogue.get(upload.asset)).state is AssetState.CREATED


@pytest.mark.parametrize("end", ["terminated", "expired", "deleted"])
async def test_what_was_made_of_a_source_that_does_not_come_goes_with_it(
    bench: Any, incoming: Callable[..., Incoming], end: str
) -> None:
    upload = await bench.begin(10)
    await bench.uploads.append(upload.id, incoming(b"01234"), offset=0)
    assert await bench.jobs.pending(upload.asset) == {grow_task(upload.asset, 1).name}
    made = (
        layout.segment(upload.asset, RenditionId("v720-1"), 0),
        f"{layout.work_prefix(upload.asset, 1)}growing.json",
    )
    for key in made:
        await bench.store.put(key, b"x", content_type="text/plain")
    match end:
        case "terminated":
            await bench.uploads.terminate(upload.id, UploadKind.TUS)
        case "expired":
            bench.now += timedelta(hours=49)
            assert await bench.uploads.sweeper.sweep() == Swept(expired=1)
        case _:
            await bench.catalogue.delete(upload.asset)
            bench.now += timedelta(minutes=1)
            with pytest.raises(UploadGone):
                await bench.uploads.append(upload.id, incoming(b"567"), offset=5)
    assert await bench.keys() == []
    assert await bench.jobs.pending(upload.asset) == frozenset()
    with pytest.raises(UploadGone):
        await bench.uploads.status(upload.id)
