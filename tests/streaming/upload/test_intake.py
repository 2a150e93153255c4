from __future__ import annotations

import asyncio
import hashlib
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.sql import metadata, open_engine
from streaming.catalog.model import AssetState
from streaming.upload.digests import Digest
from streaming.upload.errors import (
    BodyCut,
    ChecksumMismatch,
)
from streaming.upload.model import MIB, NewUpload, Upload, UploadKind, UploadState

if TYPE_CHECKING:
    from collections.abc import Callable

    from streaming.upload.incoming import Incoming
    from streaming.upload.service import Uploads


async def _begin(uploads: Uploads, length: int) -> Upload:
    new = NewUpload(length=length, filename="goal.mp4", titles={"en": "Goal"})
    return await uploads.begin(new, kind=UploadKind.TUS, created_by="test")


def _sha1(body: bytes) -> Digest:
    return Digest("sha1", hashlib.sha1(body, usedforsecurity=False).digest())


_SIZES = st.one_of(st.integers(0, 70_000), st.integers(0, 5 * MIB + 10), st.integers(0, 12 * MIB))
_REQUESTS = st.tuples(
    st.sampled_from([0, 1]), _SIZES, st.sampled_from(["end", "cut", "die", "wrong", "right"]), st.integers(1, 9)
)


@settings(max_examples=50, deadline=None)
@given(length=st.one_of(st.integers(1, 200_000), st.integers(1, 16 * MIB)), requests=st.lists(_REQUESTS, max_size=7))
def test_any_cuts_by_any_processes_yield_the_same_object(
    noise: bytes,
    incoming: Callable[..., Incoming],
    bench_of: Callable[..., Any],
    deadly_store_of: Callable[[], Any],
    length: int,
    requests: list[tuple[int, int, str, int]],
) -> None:
    async def scenario(folder: str) -> None:
        sql = open_engine(f"sqlite:///{folder}/test.db")
        try:
            async with sql.begin() as connection:
                await connection.run_sync(metadata.create_all)
            store = deadly_store_of()
            bench = bench_of(sql=sql, store=store)
            processes = (bench.uploads, bench.process())
            upload = await _begin(processes[0], length)
            for process, size, ending, fuse in requests:
                offset = (await processes[process].status(upload.id)).offset
                body = noise[offset : min(offset + size, length)]
                pieces = [body[at : at + 100_003] for at in range(0, len(body), 100_003)]
                checksum = {"wrong": _sha1(b"other"), "right": _sha1(body)}.get(ending)
                store.fuse = fuse if ending == "die" else -1
                with suppress(BodyCut, ChecksumMismatch, store.killed):
                    await processes[process].append(
                        upload.id, incoming(*pieces, cut=ending == "cut"), offset=offset, checksum=checksum
                    )
                store.fuse = -1
                after = await processes[1 - process].status(upload.id)
                match ending:
                    case "end" | "right" | "cut":
                        assert after.offset == offset + len(body)
                    case "wrong":
                        assert after.offset == offset
                    case _:
                        assert offset <= after.offset <= offset + len(body)
                        assert offset + len(body) - after.offset <= after.part_bytes + 100_003 or after.offset == offset
            offset = (await processes[0].status(upload.id)).offset
            if offset < length:
                await processes[1].append(upload.id, incoming(noise[offset:length]), offset=offset)
            done = await processes[0].status(upload.id)
            assert (done.state, done.offset) == (UploadState.DONE, length)
            assert await store.read(upload.key) == noise[:length]
            assert [stat.key async for stat in store.list("uploads/")] == []
            asset = await bench.catalogue.get(upload.asset)
            assert (asset.state, asset.source_size) == (AssetState.INDEXING, length)
        finally:
            await sql.dispose()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(scenario(folder))


async def test_many_small_requests_cost_few_objects(
    bench: Any, incoming: Callable[..., Incoming], noise: bytes
) -> None:
    length = 6 * MIB
    upload = await _begin(bench.uploads, length)
    for offset in range(0, length, 64 * 1024):
        await bench.uploads.append(upload.id, incoming(noise[offset : offset + 64 * 1024]), offset=offset)
        assert len([1 async for _ in bench.store.list("uploads/")]) <= 32
    assert await bench.store.read(upload.key) == noise[:length]
