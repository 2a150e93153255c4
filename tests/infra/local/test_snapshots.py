from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import psutil

from infra.local.snapshots import SnapshotStorage
from tests.infra.local.embedded import embedded_store

if TYPE_CHECKING:
    from pathlib import Path

_SIZES = (1, 300_000, 70_000)
_READS = 150


async def test_who_reads_what_is_replaced_again_and_again_reads_one_of_them_whole(tmp_path: Path) -> None:
    bodies = [bytes([size % 251]) * size for size in _SIZES]
    async with embedded_store(tmp_path) as store:
        await store.ensure_bucket()
        await store.put("a/b", bodies[0], content_type="text/plain")
        over = asyncio.Event()

        async def replace() -> None:
            while not over.is_set():
                for body in bodies:
                    await store.put("a/b", body, content_type="text/plain")

        async def read() -> None:
            for _ in range(_READS):
                found = await store.get("a/b")
                assert b"".join([block async for block in found.stream]) in bodies
                assert found.length in _SIZES
            first = await store.get("a/b", start=0, length=1)
            assert b"".join([block async for block in first.stream]) in [body[:1] for body in bodies]

        async with asyncio.TaskGroup() as group:
            replacing = group.create_task(replace())
            readers = [group.create_task(read()) for _ in range(3)]
            await asyncio.wait(readers)
            over.set()
            await replacing


async def test_what_nobody_reads_to_its_end_is_closed(tmp_path: Path) -> None:
    (tmp_path / "channel").mkdir()
    body = tmp_path / "channel" / "a"
    body.write_bytes(b"hello" * 100)
    storage = SnapshotStorage(tmp_path, chunk_size=4)
    unread, broken_off = [await storage.get_object("channel", "a", range_start=2) for _ in range(2)]
    blocks = aiter(broken_off.body)
    assert await anext(blocks) == b"lloh"
    assert [each.path for each in psutil.Process().open_files()].count(str(body)) == 2
    await blocks.aclose()
    del unread, broken_off, blocks
    gc.collect()
    assert str(body) not in [each.path for each in psutil.Process().open_files()]
