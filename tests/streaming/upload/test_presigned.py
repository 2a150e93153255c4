from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from streaming.catalog.model import AssetState
from streaming.upload.errors import PartsMissing, UploadGone
from streaming.upload.model import MIB, NewUpload, UploadKind, UploadState
from streaming.upload.presigned import PresignedUploads
from streaming.upload.sweeper import Swept

if TYPE_CHECKING:
    from collections.abc import Callable


def _new(length: int) -> NewUpload:
    return NewUpload(length=length, filename="goal.mp4", titles={"en": "Goal"})


@pytest.mark.parametrize("fuse", [1, 2])
@pytest.mark.parametrize("follower", ["client", "sweeper"])
async def test_a_process_that_dies_while_completing_is_followed(
    bench_with: Any, deadly_store_of: Callable[[], Any], fuse: int, follower: str
) -> None:
    store = deadly_store_of()
    bench = bench_with(store=store)
    presigned = PresignedUploads(bench.uploads)
    begun = await presigned.begin(_new(5), created_by="test")
    upload = await bench.uploads.find(begun.id, UploadKind.PRESIGNED)
    await store.put_part(upload.assembled, upload.store_id, 1, b"hello")
    store.fuse = fuse
    with pytest.raises(store.killed):
        await presigned.complete(begun.id)
    survivor = bench.process()
    if follower == "client":
        assert (await PresignedUploads(survivor).complete(begun.id)).state is UploadState.DONE
    else:
        bench.now += timedelta(minutes=2)
        assert await survivor.sweeper.sweep() == Swept(finished=1)
    assert await bench.source(upload) == b"hello"
    assert (await bench.catalogue.get(begun.asset)).state is AssetState.INDEXING


async def test_completing_many_times_at_once_is_harmless(bench: Any) -> None:
    presigned = PresignedUploads(bench.uploads)
    begun = await presigned.begin(_new(5), created_by="test")
    upload = await bench.uploads.find(begun.id, UploadKind.PRESIGNED)
    await bench.store.put_part(upload.assembled, upload.store_id, 1, b"hello")
    ends = await asyncio.gather(*(presigned.complete(begun.id) for _ in range(8)))
    assert {end.state for end in ends} == {UploadState.DONE}
    assert await bench.source(upload) == b"hello"


async def test_asking_for_parts_keeps_an_upload_from_expiring(bench: Any) -> None:
    presigned = PresignedUploads(bench.uploads)
    begun = await presigned.begin(_new(12 * MIB), created_by="test")
    for _ in range(3):
        bench.now += timedelta(hours=40)
        (part,) = await presigned.sign(begun.id, (3,))
        assert (part.offset, part.size) == (10 * MIB, 2 * MIB)
        assert await bench.uploads.sweeper.sweep() == Swept()
    bench.now += timedelta(hours=49)
    assert await bench.uploads.sweeper.sweep() == Swept(expired=1)
    with pytest.raises(UploadGone):
        await presigned.held(begun.id)


async def test_parts_of_the_wrong_size_are_missing(bench: Any) -> None:
    presigned = PresignedUploads(bench.uploads)
    begun = await presigned.begin(_new(7 * MIB), created_by="test")
    upload = await bench.uploads.find(begun.id, UploadKind.PRESIGNED)
    await bench.store.put_part(upload.assembled, upload.store_id, 1, b"x" * 5 * MIB)
    await bench.store.put_part(upload.assembled, upload.store_id, 2, b"x" * 3 * MIB)
    assert (await presigned.held(begun.id)).missing == (2,)
    with pytest.raises(PartsMissing):
        await presigned.complete(begun.id)
