from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import StoreFull
from infra.memory import MemoryStore
from manifests import layout
from streaming.catalog.errors import AssetNotFound, IllegalTransition
from streaming.catalog.model import AssetState, EditorialState
from streaming.upload.errors import (
    EmptyUpload,
    LongerThanDeclared,
    NotThisWay,
    UploadGone,
    UploadNotFound,
    UploadTooLarge,
    WrongOffset,
)
from streaming.upload.model import MIB, NewUpload, UploadKind, UploadState
from streaming.upload.sweeper import Swept
from transcoder.facts import read_profile
from transcoder.profile import Encryption

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from infra.ports import ObjectStat
    from streaming.upload.incoming import Incoming


class LittleStore(MemoryStore):
    """A store with room for so many bytes of sources."""

    def __init__(self, *, room: int) -> None:
        super().__init__()
        self.room = room

    async def put(self, key: str, body: bytes, **more: Any) -> ObjectStat:
        if len(body) > self.room:
            raise StoreFull
        self.room -= len(body)
        return await super().put(key, body, **more)


async def test_an_upload_makes_an_asset(bench: Any, incoming: Callable[..., Incoming]) -> None:
    upload = await bench.begin(5)
    asset = await bench.catalogue.get(upload.asset)
    assert (asset.state, asset.titles, asset.created_by) == (AssetState.UPLOADING, {"en": "Goal"}, "test")
    await bench.uploads.append(upload.id, incoming(b"hello"), offset=0)
    asset = await bench.catalogue.get(upload.asset)
    assert (asset.state, asset.version, asset.source_filename) == (AssetState.INDEXING, 1, "goal.mp4")
    assert await bench.jobs.pending(asset.id) == {f"{asset.id}/1/index"}


async def test_an_upload_attaches_to_an_asset_and_publishes_it(bench: Any, incoming: Callable[..., Incoming]) -> None:
    asset = await bench.catalogue.create(titles={"en": "Made before"}, created_by="test")
    upload = await bench.begin(5, asset=asset.id, publish=True)
    assert upload.asset == asset.id
    await bench.uploads.append(upload.id, incoming(b"hello"), offset=0)
    assert (await bench.catalogue.get(asset.id)).editorial is EditorialState.PUBLISHED
    with pytest.raises(IllegalTransition):
        await bench.begin(5, asset=asset.id)
    with pytest.raises(AssetNotFound):
        await bench.begin(5, asset="nobody")


async def test_lengths_that_are_refused(bench: Any) -> None:
    with pytest.raises(EmptyUpload):
        await bench.begin(0)
    with pytest.raises(UploadTooLarge):
        await bench.begin(65 * MIB)


async def test_a_length_that_comes_later(bench: Any, incoming: Callable[..., Incoming], noise: bytes) -> None:
    upload = await bench.begin(None)
    await bench.uploads.append(upload.id, incoming(noise[: 7 * MIB]), offset=0)
    with pytest.raises(LongerThanDeclared):
        await bench.uploads.append(upload.id, incoming(), offset=7 * MIB, length=MIB)
    done = await bench.uploads.append(upload.id, incoming(), offset=7 * MIB, length=7 * MIB)
    assert done.state is UploadState.DONE
    assert await bench.source(upload) == noise[: 7 * MIB]


async def test_a_length_that_never_comes_is_bounded(
    bench: Any, incoming: Callable[..., Incoming], noise: bytes
) -> None:
    upload = await bench.begin(None)
    with pytest.raises(UploadTooLarge):
        await bench.uploads.append(upload.id, incoming(*[noise[:MIB]] * 65), offset=0)
    assert (await bench.uploads.status(upload.id)).offset <= 64 * MIB


async def test_nothing_is_lost_by_a_body_that_is_too_long(bench: Any, incoming: Callable[..., Incoming]) -> None:
    upload = await bench.begin(10)
    await bench.uploads.append(upload.id, incoming(b"01234"), offset=0)
    with pytest.raises(LongerThanDeclared):
        await bench.uploads.append(upload.id, incoming(b"567890"), offset=5, body_length=6)
    with pytest.raises(LongerThanDeclared):
        await bench.uploads.append(upload.id, incoming(b"56", b"7890"), offset=5)
    assert (await bench.uploads.status(upload.id)).offset == 5
    await bench.uploads.append(upload.id, incoming(b"56789"), offset=5)
    assert await bench.source(upload) == b"0123456789"


async def test_an_asset_whose_upload_was_never_written_down_is_given_back(
    bench: Any, incoming: Callable[..., Incoming]
) -> None:
    slow = await bench.begin(10)
    dead = await bench.catalogue.create(titles={"en": "Goal"}, created_by="test")
    await bench.catalogue.begin_upload(dead.id)
    bench.now += timedelta(hours=47)
    await bench.uploads.append(slow.id, incoming(b"x"), offset=0)
    assert await bench.uploads.sweeper.sweep() == Swept()
    bench.now += timedelta(hours=2)
    assert await bench.uploads.sweeper.sweep() == Swept(stranded=1)
    assert (await bench.catalogue.get(dead.id)).state is AssetState.CREATED
    assert (await bench.catalogue.get(slow.asset)).state is AssetState.UPLOADING


async def test_an_upload_to_a_full_store_goes_on_when_there_is_room(
    bench_with: Any, incoming: Callable[..., Incoming], noise: bytes
) -> None:
    bench = bench_with(store=LittleStore(room=6 * MIB))
    upload = await bench.begin(12 * MIB)
    with pytest.raises(StoreFull):
        await bench.uploads.append(upload.id, incoming(noise[: 12 * MIB]), offset=0)
    offset = (await bench.uploads.status(upload.id)).offset
    assert offset == 5 * MIB
    bench.store.room = 64 * MIB
    await bench.uploads.append(upload.id, incoming(noise[offset : 12 * MIB]), offset=offset)
    await bench.drain()
    assert await bench.source(upload) == noise[: 12 * MIB]


async def test_offsets_and_ids_that_are_wrong(bench: Any, incoming: Callable[..., Incoming]) -> None:
    upload = await bench.begin(10)
    with pytest.raises(WrongOffset) as caught:
        await bench.uploads.append(upload.id, incoming(b"x"), offset=3)
    assert caught.value.extensions["offset"] == 0
    with pytest.raises(UploadNotFound):
        await bench.uploads.append("unknown", incoming(b"x"), offset=0)
    with pytest.raises(NotThisWay):
        await bench.uploads.terminate(upload.id, UploadKind.PRESIGNED)


async def test_termination(bench: Any, incoming: Callable[..., Incoming], noise: bytes) -> None:
    upload = await bench.begin(10 * MIB)
    await bench.uploads.append(upload.id, incoming(noise[: 6 * MIB]), offset=0)
    await bench.uploads.terminate(upload.id, UploadKind.TUS)
    for call in (
        bench.uploads.status(upload.id),
        bench.uploads.terminate(upload.id, UploadKind.TUS),
        bench.uploads.append(upload.id, incoming(b"x"), offset=6 * MIB),
    ):
        with pytest.raises(UploadGone):
            await call
    assert [stat.key async for stat in bench.store.list("")] == []
    assert (await bench.catalogue.get(upload.asset)).state is AssetState.CREATED


async def test_expiry_and_oblivion(bench: Any, incoming: Callable[..., Incoming]) -> None:
    idle, busy = await bench.begin(10), await bench.begin(10)
    bench.now += timedelta(hours=47)
    await bench.uploads.append(busy.id, incoming(b"x"), offset=0)
    bench.now += timedelta(hours=2)
    with pytest.raises(UploadGone):
        await bench.uploads.append(idle.id, incoming(b"x"), offset=0)
    assert await bench.uploads.sweeper.sweep() == Swept(expired=1)
    with pytest.raises(UploadGone):
        await bench.uploads.status(idle.id)
    assert (await bench.catalogue.get(idle.asset)).state is AssetState.CREATED
    assert (await bench.uploads.status(busy.id)).offset == 1
    bench.now += timedelta(days=31)
    assert await bench.uploads.sweeper.sweep() == Swept(expired=1, forgotten=1)
    with pytest.raises(UploadNotFound):
        await bench.uploads.status(idle.id)


async def test_progress(bench: Any, incoming: Callable[..., Incoming], noise: bytes) -> None:
    upload = await bench.begin(12 * MIB)
    async with bench.cache.subscribe(f"channel:asset:{upload.asset}") as messages:
        bench.now += timedelta(seconds=1)
        await bench.uploads.append(upload.id, incoming(noise[: 6 * MIB]), offset=0)
        assert b"upload" in (await anext(messages))[1]
    progress = await bench.uploads.progress(upload.asset)
    assert (progress.offset, progress.length) == (6 * MIB, 12 * MIB)
    await bench.uploads.append(upload.id, incoming(noise[6 * MIB : 12 * MIB]), offset=6 * MIB)
    assert await bench.uploads.progress(upload.asset) is None


async def test_keys_are_made_before_a_byte_arrives_where_the_profile_says_so(bench: Any, tmp_path: Path) -> None:
    bench.profiles = tmp_path
    (tmp_path / "secret.toml").write_text('encryption = "aes-128"\nkey_rotation = 8')
    process = bench.process()
    new = NewUpload(length=5, filename="goal.mp4", titles={"en": "Goal"}, profile="secret")
    upload = await process.begin(new, kind=UploadKind.TUS, created_by="test")
    assert await bench.store.head(layout.keys(upload.asset, upload.version)) is not None
    assert (await read_profile(bench.store, upload.asset, upload.version)).encryption is Encryption.AES_128
    plain = await bench.begin(5)
    assert await bench.store.head(layout.keys(plain.asset, plain.version)) is None
