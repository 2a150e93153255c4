"""What a kill -9 costs: time, and at most the window that was being encoded. Never an asset, never an object twice.

Real processes of the API and the worker, a real Valkey with an append-only file, an S3 server whose bucket keeps every
version of an object (so what was written twice shows). ffmpeg is slowed down to four times real time, as if the machine
were busy, and leaves a line for each start.
"""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import psutil
import pytest

import streaming.tables
from infra.jobs import StreaqEngine
from infra.redis_cache import RedisCache
from infra.sql import open_engine
from manifests import layout
from streaming.catalog.model import AssetState
from streaming.catalog.service import Catalogue
from transcoder.facts import find_plan, read_plan, read_ready
from transcoder.publish import key_of
from transcoder.remaining import expected
from transcoder.windows import windows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from infra.s3 import S3Store
    from infra.settings import S3Settings
    from manifests.layout import AssetId
    from streaming.catalog.model import Asset

    Eventually = Callable[..., Awaitable[None]]

SECONDS = 20
_SLOW_FFMPEG = """#!/bin/sh
echo "$*" >> "{log}"
exec "{ffmpeg}" -readrate 4 "$@"
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> bytes:
    """20 s, 160x90, with a tone: ten segments, in four windows of the picture and two of the sound."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    subprocess.run(
        [
            ffmpeg, "-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=160x90:rate=25",
            "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", str(SECONDS),
            "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac", path,
        ],
        check=True,
    )  # fmt: skip
    return path.read_bytes()


class Service:
    """An API process and a worker process, and the servers that they share with the test."""

    def __init__(self, home: Path, *, valkey: Any, s3: S3Settings, store: S3Store, ffmpeg: str, port: int) -> None:
        self.home, self.valkey, self.store, self._s3 = home, valkey, store, s3
        self._log = home / "ffmpeg.log"
        wrapper = home / "ffmpeg"
        wrapper.write_text(_SLOW_FFMPEG.format(log=self._log, ffmpeg=ffmpeg))
        wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
        self.url = f"http://127.0.0.1:{port}"
        database_url = f"sqlite:///{home / 'channel.db'}"
        self._environment = os.environ | {
            "CHANNEL_HOME": str(home),
            "CHANNEL_PORT": str(port),
            "CHANNEL_DATABASE_URL": database_url,
            "CHANNEL_REDIS_URL": valkey.url,
            "CHANNEL_S3_ENDPOINT_URL": str(s3.endpoint_url),
            "CHANNEL_S3_BUCKET": s3.bucket,
            "CHANNEL_S3_ACCESS_KEY_ID": str(s3.access_key_id),
            "CHANNEL_S3_SECRET_ACCESS_KEY": str(s3.secret_access_key),
            "CHANNEL_FFMPEG": str(wrapper),
            "CHANNEL_X264_PRESET": "ultrafast",
            "CHANNEL_WORKER_SLOTS": "1",
            "CHANNEL_WORKER_LEASE_S": "2",
        }
        self._processes: list[subprocess.Popen[bytes]] = []
        self.sql = open_engine(database_url)
        self.cache = RedisCache(valkey.url)
        self.jobs = StreaqEngine(valkey.url)
        self.catalogue = Catalogue(sql=self.sql, cache=self.cache, jobs=self.jobs)

    def start(self, part: str) -> subprocess.Popen[bytes]:
        with (self.home / f"{part}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "streaming", part],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._processes.append(process)
        return process

    async def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._processes:
            process.wait()
        await self.jobs.close()
        await self.cache.aclose()
        await self.sql.dispose()

    async def upload(self, body: bytes) -> Asset:
        asset = await self.catalogue.create(titles={"en": "A race"}, created_by="test")
        version = await self.catalogue.begin_upload(asset.id)
        await self.store.put(layout.source(asset.id, version), body, content_type="video/mp4")
        return await self.catalogue.source_arrived(asset.id, version=version, size=len(body), filename="race.mp4")

    async def answers(self) -> bool:
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                return (await client.get(f"{self.url}/healthz")).status_code == 200
            except httpx.HTTPError:
                return False

    async def is_ready(self, asset: AssetId) -> bool:
        found = await self.catalogue.get(asset)
        assert found.state is not AssetState.FAILED, found.failure
        return found.state is AssetState.READY

    async def segments(self, asset: AssetId) -> int:
        return len([each async for each in self.store.list(layout.media_prefix(asset)) if each.key.endswith(".m4s")])

    async def in_the_middle(self, asset: AssetId) -> bool:
        """Something is made, something is being made, something is still to be made."""
        plan = await find_plan(self.store, asset, 1)
        return plan is not None and 2 <= await self.segments(asset) <= 8 and bool(self.encoders())

    def encoders(self) -> list[psutil.Process]:
        """ffmpeg processes that read from this service's home, whoever their parent is by now."""
        found = []
        for process in psutil.process_iter(["name", "cmdline"]):
            said = " ".join(process.info["cmdline"] or ())
            if "ffmpeg" in said and str(self.home / "sources") in said and process.info["name"] != "sh":
                found.append(process)
        return found

    def starts(self) -> int:
        return len(self._log.read_text().splitlines())

    def versions(self) -> Counter[str]:
        """How often each object of the bucket was written."""
        client = boto3.client(
            "s3", endpoint_url=self._s3.endpoint_url, region_name=self._s3.region,
            aws_access_key_id=self._s3.access_key_id, aws_secret_access_key=self._s3.secret_access_key,
        )  # fmt: skip
        with_versions = client.get_paginator("list_object_versions").paginate(Bucket=self._s3.bucket)
        found = Counter(each["Key"] for page in with_versions for each in page.get("Versions", ()))
        client.close()
        return found

    async def check_whole(self, asset: AssetId, *, kills: int) -> None:
        """Ready with all its objects, each written once; no more than one window made anew for each kill."""
        plan = await read_plan(self.store, asset, 1)
        assert await read_ready(self.store, asset, 1) is not None
        written = self.versions()
        for name in expected(plan):
            assert written[key_of(asset, *name)] == 1, name
        for key in (layout.plan(asset, 1), layout.measured(asset, 1), layout.ready(asset, 1)):
            assert written[key] == 1, key
        assert self.starts() <= len(windows(plan)) + kills
        assert self.encoders() == []
        assert await self.jobs.pending(asset) == frozenset()


@pytest.fixture
async def service(
    tmp_path: Path,
    valkey_server: Any,
    s3_settings: S3Settings,
    store: S3Store,
    ffmpeg: str,
    free_port: Callable[[], int],
) -> AsyncIterator[Service]:
    home = tmp_path / "home"
    home.mkdir()
    service = Service(home, valkey=valkey_server, s3=s3_settings, store=store, ffmpeg=ffmpeg, port=free_port())
    async with service.sql.begin() as connection:
        await connection.run_sync(streaming.tables.metadata.create_all)
    client = boto3.client(
        "s3", endpoint_url=s3_settings.endpoint_url, region_name=s3_settings.region,
        aws_access_key_id=s3_settings.access_key_id, aws_secret_access_key=s3_settings.secret_access_key,
    )  # fmt: skip
    client.put_bucket_versioning(Bucket=s3_settings.bucket, VersioningConfiguration={"Status": "Enabled"})
    client.close()
    yield service
    await service.close()


async def test_the_worker_is_killed(service: Service, clip: bytes, eventually: Eventually) -> None:
    service.start("api")
    worker = service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    worker.kill()
    await eventually(lambda: service.encoders() == [])
    service.start("worker")
    await eventually(lambda: service.is_ready(asset.id), timeout=90)
    await service.check_whole(asset.id, kills=1)


async def test_the_worker_is_asked_to_stop(service: Service, clip: bytes, eventually: Eventually) -> None:
    service.start("api")
    worker = service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    worker.terminate()
    assert worker.wait(timeout=15) == 0
    assert service.encoders() == []
    service.start("worker")
    await eventually(lambda: service.is_ready(asset.id), timeout=90)
    await service.check_whole(asset.id, kills=1)


async def test_redis_is_killed(service: Service, clip: bytes, eventually: Eventually) -> None:
    service.start("api")
    worker = service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    service.valkey.kill()
    service.valkey.start()
    await eventually(lambda: service.is_ready(asset.id), timeout=90)
    await service.check_whole(asset.id, kills=1)
    assert worker.poll() is None


async def test_redis_is_emptied(service: Service, clip: bytes, eventually: Eventually) -> None:
    service.start("api")
    worker = service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    service.valkey.flush()
    await eventually(lambda: service.is_ready(asset.id), timeout=90)
    await service.check_whole(asset.id, kills=1)
    assert worker.poll() is None


async def test_the_api_is_killed(service: Service, clip: bytes, eventually: Eventually) -> None:
    api = service.start("api")
    service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    api.kill()
    service.valkey.flush()  # while nobody is there to ask again
    service.start("api")
    await eventually(service.answers)
    await eventually(lambda: service.is_ready(asset.id), timeout=90)
    await service.check_whole(asset.id, kills=1)


async def test_everything_is_killed(service: Service, clip: bytes, eventually: Eventually) -> None:
    api, worker = service.start("api"), service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    for process in (api, worker):
        process.kill()
    service.valkey.kill()
    service.valkey.start()
    service.start("api")
    service.start("worker")
    await eventually(lambda: service.is_ready(asset.id), timeout=90)
    await service.check_whole(asset.id, kills=1)


async def test_an_asset_is_deleted_while_it_is_encoded(service: Service, clip: bytes, eventually: Eventually) -> None:
    service.start("api")
    service.start("worker")
    asset = await service.upload(clip)
    await eventually(lambda: service.in_the_middle(asset.id), timeout=60)
    await service.catalogue.delete(asset.id)
    await eventually(lambda: service.encoders() == [])

    async def swept() -> bool:
        return [each async for each in service.store.list("")] == []

    await eventually(swept, timeout=30)
    assert await service.jobs.pending(asset.id) == frozenset()
