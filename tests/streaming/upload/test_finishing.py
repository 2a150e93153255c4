from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import ObjectStoreError
from infra.memory import MemoryStore
from manifests import layout
from streaming.catalog.model import AssetState
from streaming.upload.errors import (
    UploadGone,
)
from streaming.upload.model import NewUpload, Upload, UploadKind, UploadState
from streaming.upload.service import Swept

if TYPE_CHECKING:
    from collections.abc import Callable

    from streaming.upload.incoming import Incoming
    from streaming.upload.service import Uploads


def _new(length: int | None, **more: Any) -> NewUpload:
    return NewUpload(length=length, filename="goal.mp4", titles={"en": "Goal"}, **more)


async def _begin(uploads: Uploads, length: int | None, **more: Any) -> Upload:
    return await uploads.begin(_new(length, **more), kind=UploadKind.TUS, created_by="test")


@pytest.mark.parametrize("fuse", range(1, 11))
async def test_a_process_that_dies_while_finishing_is_followed_by_the_sweeper(
    bench_of: Callable[..., Any],
    deadly_store_of: Callable[[], Any],
    sql_tables: Any,
    incoming: Callable[..., Incoming],
    fuse: int,
) -> None:
    store = deadly_store_of()
    bench = bench_of(sql=sql_tables, store=store)
    upload = await _begin(bench.uploads, 1000)
    await bench.uploads.append(upload.id, incoming(b"x" * 400), offset=0)
    store.fuse = fuse
    try:
        await bench.uploads.append(upload.id, incoming(b"y" * 600), offset=400)
    except store.killed:
        bench.now += timedelta(minutes=2)
        survivor = bench.process()
        await survivor.sweep()
        offset = (await survivor.status(upload.id)).offset
        assert offset in (400, 1000)
        if offset == 400:
            await survivor.append(upload.id, incoming(b"y" * 600), offset=400)
    assert await store.read(upload.key) == b"x" * 400 + b"y" * 600
    assert (await bench.catalogue.get(upload.asset)).state is AssetState.INDEXING
    assert (await bench.uploads.status(upload.id)).state is UploadState.DONE


async def test_an_asset_that_was_deleted_meanwhile(bench: Any, incoming: Callable[..., Incoming]) -> None:
    upload = await _begin(bench.uploads, 5)
    await bench.catalogue.delete(upload.asset)
    with pytest.raises(UploadGone):
        await bench.uploads.append(upload.id, incoming(b"hello"), offset=0)
    assert [stat.key async for stat in bench.store.list("")] == []


async def test_of_two_uploads_to_one_asset_the_first_that_arrives_is_used(
    bench: Any, incoming: Callable[..., Incoming]
) -> None:
    first = await _begin(bench.uploads, 5)
    second = await _begin(bench.uploads, 5, asset=first.asset)
    await bench.uploads.append(second.id, incoming(b"later"), offset=0)
    with pytest.raises(UploadGone):
        await bench.uploads.append(first.id, incoming(b"first"), offset=0)
    left = {stat.key async for stat in bench.store.list("sources/")}
    assert left == {key(first.asset, second.version) for key in (layout.source, layout.source_piece)}


async def test_a_store_that_fails_for_a_moment_loses_nothing(sql_tables: Any, bench_of: Any, incoming: Any) -> None:
    class Failing(MemoryStore):
        broken = False

        async def complete(self, key: str, upload_id: str, parts: Any) -> Any:
            if self.broken:
                raise ObjectStoreError("not now")
            return await super().complete(key, upload_id, parts)

    store = Failing()
    bench = bench_of(sql=sql_tables, store=store)
    upload = await _begin(bench.uploads, 5)
    store.broken = True
    with pytest.raises(ObjectStoreError):
        await bench.uploads.append(upload.id, incoming(b"hello"), offset=0)
    bench.now += timedelta(minutes=2)
    assert await bench.uploads.sweep() == Swept()
    store.broken = False
    assert await bench.uploads.sweep() == Swept(finished=1)
    assert await store.read(upload.key) == b"hello"
