"""Random access: the right bytes, each fetched once, whatever the store does meanwhile."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import anyio
import pytest

from infra.errors import ObjectStoreError
from manifests import layout
from manifests.layout import AssetId
from transcoder.errors import DiskFull, PlanMissing
from transcoder.sources.blocks import BLOCK

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.transcoder.sources.conftest import Shop

ASSET = AssetId("clip")


async def test_any_bytes_of_any_pieces(shop: Shop, noise: bytes) -> None:
    await shop.upload(noise, sizes=(1, 70_000, BLOCK, 3 * BLOCK + 5))
    dice = random.Random(2)
    async with shop.sources().open(ASSET, 1) as source:
        for _ in range(60):
            start, length = dice.randrange(len(noise)), dice.randrange(2 * BLOCK)
            assert await source.read(start, length) == noise[start : start + length]
        assert await source.read(len(noise), 10) == b""
        await source.ensure()
        assert source.path.read_bytes() == noise
    assert shop.store.fetched == len(noise), "no byte twice"


async def test_only_what_is_read_is_fetched(shop: Shop, noise: bytes) -> None:
    await shop.upload(noise)
    async with shop.sources().open(ASSET, 1) as source:
        await source.read(5 * BLOCK + 10, 20)
        assert not source.holds([(0, 1)])
        assert source.holds([(5 * BLOCK, 6 * BLOCK)])
        assert source.path.stat().st_size == len(noise)
        assert source.path.stat().st_blocks * 512 <= 2 * BLOCK, "the rest is a hole"
        assert source.lacking() == 10 * BLOCK
    assert shop.store.ranges == [(5 * BLOCK, BLOCK)]


async def test_many_readers_fetch_once(shop: Shop, noise: bytes) -> None:
    await shop.upload(noise)
    machine, other = shop.sources(), shop.sources()

    async def read(start: int) -> None:
        async with (machine if start % 2 else other).open(ASSET, 1) as source:
            assert await source.read(start, 3 * BLOCK) == noise[start : start + 3 * BLOCK]

    async with anyio.create_task_group() as readers:
        for start in range(0, 7 * BLOCK, BLOCK // 3):
            readers.start_soon(read, start)
    assert shop.store.fetched <= 10 * BLOCK


async def test_what_was_fetched_stays_for_the_next_one(shop: Shop, noise: bytes) -> None:
    await shop.upload(noise)
    for _ in range(2):
        async with shop.sources().open(ASSET, 1) as source:
            await source.ensure()
    assert shop.store.fetched == len(noise)


async def test_a_broken_connection_is_taken_up_where_it_broke(shop: Shop, noise: bytes) -> None:
    await shop.upload(noise)
    shop.store.cut_after = 100_000
    async with shop.sources().open(ASSET, 1) as source:
        await source.ensure()
        assert source.path.read_bytes() == noise
        shop.store.cut_after = None
    assert len(shop.store.ranges) > len(noise) // 100_000


async def test_a_store_that_does_not_answer_is_an_error_and_nothing_is_lost(shop: Shop, noise: bytes) -> None:
    await shop.upload(noise)
    async with shop.sources().open(ASSET, 1) as source:
        await source.ensure([(0, 2 * BLOCK)])
        shop.store.cut_after = 0
        with pytest.raises(ObjectStoreError):
            await source.ensure()
        shop.store.cut_after = None
        await source.ensure()
        assert source.path.read_bytes() == noise


async def test_pieces_that_were_gathered_into_larger_ones_are_found(shop: Shop, noise: bytes) -> None:
    await shop.upload(noise, sizes=(BLOCK, 100, BLOCK))
    async with shop.sources().open(ASSET, 1) as source:
        await source.ensure([(0, 10)])
        await shop.upload(noise)
        await source.ensure()
        assert source.path.read_bytes() == noise


async def test_a_source_that_is_gone(shop: Shop, noise: bytes) -> None:
    with pytest.raises(PlanMissing):
        async with shop.sources().open(ASSET, 1):
            pass
    await shop.upload(noise)
    async with shop.sources().open(ASSET, 1) as source:
        await source.ensure([(0, BLOCK)])
        await shop.store.delete([layout.source_piece(ASSET, 1)])
        with pytest.raises(PlanMissing):
            await source.ensure()
        await shop.store.delete([layout.source(ASSET, 1)])
        with pytest.raises(PlanMissing):
            await source.ensure()
        assert await source.read(0, 10) == noise[:10], "what is here can still be read"
    with pytest.raises(PlanMissing):
        async with shop.sources().open(ASSET, 1):
            pass
    assert list(shop.folder.iterdir()) == [], "nothing of it stays on the disk"


async def test_what_the_bucket_has_no_more_goes_from_the_disk_too(shop: Shop, noise: bytes) -> None:
    await shop.upload(noise)
    sources = shop.sources()
    async with sources.open(ASSET, 1) as source:
        await source.ensure([(0, BLOCK)])
    await sources.tidy()
    assert len(list(shop.folder.iterdir())) == 2, "it may be asked for again"
    async with sources.open(ASSET, 1) as source:
        await shop.store.delete([layout.source(ASSET, 1)])
        await sources.tidy()
        assert await source.read(0, 10) == noise[:10], "whoever has it open reads on"
    await sources.tidy()
    assert list(shop.folder.iterdir()) == []


async def test_a_source_that_arrives(shop: Shop, noise: bytes) -> None:
    await shop.upload(noise[:1000], whole=False)
    async with shop.sources().open(ASSET, 1) as source:
        assert await source.read(0, 5000) == noise[:1000]
        for arrived in (1500, BLOCK - 1, BLOCK + 7, 4 * BLOCK, 4 * BLOCK + 9):
            known = source.source.arrived
            await shop.upload(noise[:arrived], sizes=(900,), whole=False)
            await source.refresh()
            await source.ensure()
            assert source.path.read_bytes() == noise[:arrived]
            assert shop.store.fetched <= arrived - known + BLOCK
            again = shop.store.fetched
            await source.ensure()
            assert shop.store.fetched == again, "what is not a full block yet is not fetched for nothing"
        await shop.upload(noise)
        assert (await source.refresh()).whole
        await source.ensure()
        assert source.path.read_bytes() == noise


async def test_a_reader_that_is_cancelled_leaves_the_block_to_the_others(
    shop: Shop, noise: bytes, eventually: Callable[..., Awaitable[None]]
) -> None:
    await shop.upload(noise)
    async with shop.sources().open(ASSET, 1) as first, shop.sources().open(ASSET, 1) as second:
        shop.store.gate = anyio.Event()
        async with anyio.create_task_group() as group:
            leaving = anyio.CancelScope()

            async def leave() -> None:
                with leaving:
                    await first.read(0, 10)

            async def stay() -> None:
                assert await second.read(0, 10) == noise[:10]

            group.start_soon(leave)
            await eventually(lambda: shop.store.waiting == 1)
            group.start_soon(stay)
            leaving.cancel()
            await eventually(lambda: shop.store.waiting == 2)
            shop.store.gate.set()


async def test_a_disk_without_room_is_a_clear_retryable_error(shop: Shop, noise: bytes) -> None:
    await shop.upload(noise)
    async with shop.sources(reserve_bytes=1 << 60).open(ASSET, 1) as source:
        with pytest.raises(DiskFull, match=f"{len(noise) % BLOCK + 10 * BLOCK} bytes of a source do not fit") as caught:
            await source.ensure()
    assert caught.value.retryable
