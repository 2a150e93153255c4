"""Who stays on the disk: the least recently opened goes, and never one that is open, in any process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from manifests import layout
from manifests.layout import AssetId
from transcoder.sources.blocks import BLOCK
from transcoder.sources.pieces import Piece, SourceBytes, write_source

if TYPE_CHECKING:
    from infra.s3 import S3Store
    from infra.settings import S3Settings
    from tests.transcoder.sources.conftest import Shop

REPOSITORY = Path(__file__).resolve().parents[3]
ASSETS = {name: AssetId(name) for name in "abcd"}
BODY = bytes(range(256)) * (4 * BLOCK // 256)


async def fill(shop: Shop) -> None:
    for asset in ASSETS.values():
        await shop.upload(BODY, asset=asset)


def held(shop: Shop) -> set[str]:
    return {path.name.split(".")[0] for path in shop.folder.iterdir() if path.suffix != ".map"}


async def test_the_least_recently_used_goes(shop: Shop) -> None:
    await fill(shop)
    sources = shop.sources(max_bytes=10 * BLOCK)
    for name in "abac":
        async with sources.open(ASSETS[name], 1) as source:
            await source.ensure()
    assert held(shop) == {"a", "c"}
    assert not any(path.name.startswith("b.") for path in shop.folder.iterdir()), "its map goes with it"


async def test_what_is_read_stays_even_if_there_is_too_much(shop: Shop) -> None:
    await fill(shop)
    sources = shop.sources(max_bytes=6 * BLOCK)
    async with AsyncExitStack() as readers:
        for name in "abc":
            source = await readers.enter_async_context(sources.open(ASSETS[name], 1))
            await source.ensure()
            assert source.path.read_bytes() == BODY
        assert held(shop) == {"a", "b", "c"}
    async with sources.open(ASSETS["d"], 1) as source:
        await source.ensure()
        assert held(shop) == {"d"}


async def test_one_source_larger_than_all_that_may_be_kept_is_fetched(shop: Shop) -> None:
    await fill(shop)
    async with shop.sources(max_bytes=BLOCK).open(ASSETS["a"], 1) as source:
        await source.ensure()
        assert source.path.read_bytes() == BODY


async def test_a_source_counts_by_what_was_fetched_of_it(shop: Shop) -> None:
    await fill(shop)
    sources = shop.sources(max_bytes=10 * BLOCK)
    for asset in ASSETS.values():
        async with sources.open(asset, 1) as source:
            await source.ensure([(0, BLOCK)])
    assert held(shop) == set(ASSETS)


async def test_bytes_that_were_tidied_away_by_hand_are_fetched_again(shop: Shop) -> None:
    await fill(shop)
    sources = shop.sources()
    for _ in range(2):
        async with sources.open(ASSETS["a"], 1) as source:
            await source.ensure()
            assert source.path.read_bytes() == BODY
        source.path.unlink()


async def test_a_map_without_its_end_is_no_harm(shop: Shop) -> None:
    """What an eviction leaves that was killed half-way: an empty map, with or without the bytes."""
    await fill(shop)
    sources = shop.sources()
    async with sources.open(ASSETS["a"], 1) as source:
        await source.ensure()
    (map_path,) = shop.folder.glob("*.map")
    os.truncate(map_path, 0)
    source.path.write_bytes(b"old")
    async with sources.open(ASSETS["a"], 1) as source:
        assert await source.read(BLOCK, BLOCK) == BODY[BLOCK : 2 * BLOCK]


_OTHER_PROCESS = """
import asyncio, hashlib, os, sys
from pathlib import Path
from infra.memory import MemoryCache
from infra.s3 import S3Store
from infra.settings import S3Settings
from transcoder.sources.source import Sources

async def main(folder, endpoint, bucket):
    store = S3Store(S3Settings(endpoint_url=endpoint, bucket=bucket, access_key_id="t", secret_access_key="t"))
    sources = Sources(Path(folder), store=store, cache=MemoryCache(), max_bytes=10**9, reserve_bytes=0)
    async with sources.open("a", 1) as source:
        print("begun", flush=True)
        await source.ensure()
        print(os.stat(source.path).st_ino, hashlib.md5(source.path.read_bytes()).hexdigest())
    await store.aclose()

asyncio.run(main(*sys.argv[1:]))
"""


def other_process(folder: Path, settings: S3Settings) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _OTHER_PROCESS, folder, str(settings.endpoint_url), settings.bucket],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        text=True,
    )


@pytest.fixture
async def uploaded(store: S3Store) -> bytes:
    body = os.urandom(30 * BLOCK + 1000)
    piece = Piece(key=layout.source_piece(ASSETS["a"], 1), start=0, size=len(body))
    await store.put(piece.key, body, content_type="video/mp4")
    await write_source(store, ASSETS["a"], 1, SourceBytes(pieces=(piece,), length=len(body), whole=True))
    return body


async def test_processes_share_a_source_and_one_that_is_killed_harms_none(
    tmp_path: Path, uploaded: bytes, s3_settings: S3Settings
) -> None:
    killed = other_process(tmp_path, s3_settings)
    assert killed.stdout is not None
    await anyio.to_thread.run_sync(killed.stdout.readline)
    others = [other_process(tmp_path, s3_settings) for _ in range(2)]
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    said = {(await anyio.to_thread.run_sync(process.communicate))[0] for process in others}
    assert len(said) == 1
    (path,) = (path for path in tmp_path.iterdir() if path.suffix != ".map")
    assert path.read_bytes() == uploaded
