from __future__ import annotations

import os
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from infra.errors import ObjectNotFound
from infra.memory import MemoryStore
from transcoder.errors import DiskFull
from transcoder.source_cache import SourceCache

if TYPE_CHECKING:
    from infra.ports import ObjectStat, ObjectStore
    from infra.s3 import S3Store
    from infra.settings import S3Settings


REPOSITORY = Path(__file__).resolve().parents[2]


def cache_of(folder: Path, store: ObjectStore, *, max_bytes: int = 1000, reserve_bytes: int = 0) -> SourceCache:
    return SourceCache(folder, store=store, max_bytes=max_bytes, reserve_bytes=reserve_bytes)


async def put(store: ObjectStore, name: str, body: bytes = b"x" * 100) -> str:
    key = f"sources/{name}/1"
    await store.put(key, body, content_type="video/mp4")
    return key


def sources_in(folder: Path) -> set[str]:
    return {path.name.split(".")[1] for path in folder.iterdir() if path.suffix != ".lock"}


async def test_a_source_is_the_bytes_of_the_object(tmp_path: Path) -> None:
    store = MemoryStore()
    key = await put(store, "one", b"moov")
    async with cache_of(tmp_path / "new" / "folder", store).open(key) as path:
        assert path.read_bytes() == b"moov"


async def test_many_readers_fetch_once(tmp_path: Path) -> None:
    store = MemoryStore()
    key = await put(store, "one")
    inodes: set[int] = set()

    async def read() -> None:
        async with cache_of(tmp_path, store).open(key) as path:
            inodes.add(path.stat().st_ino)

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(read)
    assert len(inodes) == 1


async def test_a_source_uploaded_again_under_its_key_is_another_one(tmp_path: Path) -> None:
    store = MemoryStore()
    cache = cache_of(tmp_path, store)
    for body in (b"first", b"again"):
        key = await put(store, "one", body)
        async with cache.open(key) as path:
            assert path.read_bytes() == body


async def test_the_least_recently_used_goes(tmp_path: Path) -> None:
    store = MemoryStore()
    cache = cache_of(tmp_path, store, max_bytes=250)
    keys = {name: await put(store, name) for name in "abc"}
    for name in "abac":
        async with cache.open(keys[name]):
            pass
    assert sources_in(tmp_path) == {"a", "c"}
    assert not any(path.name.startswith("sources.b") for path in tmp_path.iterdir()), "its lock file goes with it"


async def test_what_is_read_stays_even_if_there_is_too_much(tmp_path: Path) -> None:
    store = MemoryStore()
    cache = cache_of(tmp_path, store, max_bytes=150)
    async with AsyncExitStack() as readers:
        for name in "abc":
            await readers.enter_async_context(cache.open(await put(store, name)))
        assert sources_in(tmp_path) == {"a", "b", "c"}
    async with cache.open(await put(store, "d")):
        assert sources_in(tmp_path) == {"d"}


async def test_one_source_larger_than_the_cache_is_fetched(tmp_path: Path) -> None:
    store = MemoryStore()
    async with cache_of(tmp_path, store, max_bytes=10).open(await put(store, "large")) as path:
        assert path.stat().st_size == 100


async def test_a_disk_without_room_is_a_clear_retryable_error(tmp_path: Path) -> None:
    store = MemoryStore()
    cache = cache_of(tmp_path, store, reserve_bytes=1 << 60)
    with pytest.raises(DiskFull, match="a source of 100 bytes does not fit") as caught:
        async with cache.open(await put(store, "one")):
            pass
    assert caught.value.retryable
    assert sources_in(tmp_path) == set()


async def test_what_a_killed_process_left_is_begun_anew(tmp_path: Path) -> None:
    store = MemoryStore()
    key = await put(store, "one")
    stat = await store.head(key)
    assert stat is not None
    (tmp_path / f"sources.one.1.{stat.etag}.part").write_bytes(b"half")
    (tmp_path / "sources.two.1.0.part").write_bytes(b"half" * 300)
    async with cache_of(tmp_path, store).open(key) as path:
        assert path.read_bytes() == b"x" * 100
    assert {path.name for path in tmp_path.iterdir() if path.suffix == ".part"} == set()


class GatedStore(MemoryStore):
    """Stops in the middle of every download until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.half_way = anyio.Event()
        self.go_on = anyio.Event()

    async def download(self, key: str, path: str) -> ObjectStat:
        Path(f"{path}.part").write_bytes(b"half")
        self.half_way.set()
        await self.go_on.wait()
        return await super().download(key, path)


async def test_a_download_that_runs_is_never_evicted(tmp_path: Path) -> None:
    gated, store = GatedStore(), MemoryStore()
    key = await put(gated, "slow")

    async def read() -> None:
        async with cache_of(tmp_path, gated).open(key) as path:
            assert path.read_bytes() == b"x" * 100

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        await gated.half_way.wait()
        async with cache_of(tmp_path, store, max_bytes=10).open(await put(store, "other")):
            assert sources_in(tmp_path) == {"slow", "other"}
        gated.go_on.set()


async def test_a_deleted_source_is_gone_from_the_disk_too(tmp_path: Path) -> None:
    store = MemoryStore()
    cache = cache_of(tmp_path, store)
    key = await put(store, "one")
    async with cache.open(key):
        pass
    await store.delete([key])
    with pytest.raises(ObjectNotFound):
        async with cache.open(key):
            pass
    assert sources_in(tmp_path) == set()


_OTHER_PROCESS = """
import asyncio, os, resource, sys
from pathlib import Path
from infra.s3 import S3Store
from infra.settings import S3Settings
from transcoder.errors import DiskFull
from transcoder.source_cache import SourceCache

async def main(folder, endpoint, bucket, largest_file):
    store = S3Store(S3Settings(endpoint_url=endpoint, bucket=bucket, access_key_id="t", secret_access_key="t"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest_file), resource.RLIM_INFINITY))
    try:
        cache = SourceCache(Path(folder), store=store, max_bytes=10**9, reserve_bytes=0)
        async with cache.open("sources/one/1") as path:
            print(os.stat(path).st_ino, os.stat(path).st_size)
    except DiskFull as exc:
        print(exc)
    await store.aclose()

asyncio.run(main(*sys.argv[1:]))
"""


def other_process(folder: Path, settings: S3Settings, largest_file: int = 10**9) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _OTHER_PROCESS, folder, str(settings.endpoint_url), settings.bucket, str(largest_file)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        text=True,
    )


async def test_processes_share_a_source(tmp_path: Path, store: S3Store, s3_settings: S3Settings) -> None:
    await put(store, "one", os.urandom(8_000_000))
    processes = [other_process(tmp_path, s3_settings) for _ in range(3)]
    said = {(await anyio.to_thread.run_sync(process.communicate))[0] for process in processes}
    assert len(said) == 1
    assert said.pop().endswith(" 8000000\n")


async def test_a_disk_that_fills_up_leaves_nothing(tmp_path: Path, store: S3Store, s3_settings: S3Settings) -> None:
    await put(store, "one", os.urandom(3_000_000))
    said, _ = await anyio.to_thread.run_sync(other_process(tmp_path, s3_settings, 2_000_000).communicate)
    assert said.startswith("no room for sources/one/1 (3000000 bytes)")
    assert sources_in(tmp_path) == set()
