"""An API process and a worker process beside the test: they may be killed one by one.

A real Valkey with an append-only file, an S3 server whose bucket keeps every version of an object (so what was written
twice shows). ffmpeg is slowed down to four times real time, as if the machine were busy, and leaves a line for each
start.
"""

from __future__ import annotations

import base64
import os
import re
import signal
import stat
import subprocess
import sys
from collections import Counter
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import anyio
import boto3
import httpx
import psutil

import streaming.tables
from infra.jobs import StreaqEngine
from infra.redis_cache import RedisCache
from infra.sql import open_engine
from manifests import layout
from streaming.catalog.model import AssetState
from streaming.catalog.service import Catalogue
from transcoder.encryption.key_store import KeyStore
from transcoder.encryption.reading import read_clear
from transcoder.encryption.settings import EncryptionSettings
from transcoder.facts import find_plan, read_plan, read_ready, write_profile
from transcoder.profile import DEFAULT, Encryption
from transcoder.publish import key_of
from transcoder.remaining import expected
from transcoder.sources.pieces import Piece, SourceBytes, write_source
from transcoder.windows import windows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from infra.s3 import S3Store
    from infra.settings import S3Settings
    from manifests.layout import AssetId
    from streaming.catalog.model import Asset
    from transcoder.plan import Plan
    from transcoder.profile import Profile

_SLOW_FFMPEG = """#!/bin/sh
echo "$*" >> "{log}"
for poisoned in $(cat "{log}.poison" 2>&-); do case "$*" in *"$poisoned"*) kill -9 $PPID ;; esac; done
exec "{ffmpeg}" -readrate 4 "$@"
"""
_KEY_ENCRYPTION_KEY = base64.b64encode(bytes(32)).decode()


class Service:
    """An API process and a worker process, and the servers that they share with the test."""

    def __init__(self, home: Path, *, valkey: Any, s3: S3Settings, store: S3Store, ffmpeg: str, port: int) -> None:
        self.home, self.valkey, self.store, self._s3 = home, valkey, store, s3
        self.bucket = s3.bucket
        self._keys = KeyStore(store, EncryptionSettings(key_encryption_key=_KEY_ENCRYPTION_KEY).wrapping())
        self._log = home / "ffmpeg.log"
        wrapper = home / "ffmpeg"
        wrapper.write_text(_SLOW_FFMPEG.format(log=self._log, ffmpeg=ffmpeg))
        wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
        self.url = f"http://127.0.0.1:{port}"
        database_url = f"sqlite:///{home / 'channel.db'}"
        self.environment = os.environ | {
            "CHANNEL_HOME": str(home),
            "CHANNEL_PORT": str(port),
            "CHANNEL_DATABASE_URL": database_url,
            "CHANNEL_REDIS_URL": valkey.url,
            "CHANNEL_S3_ENDPOINT_URL": str(s3.endpoint_url),
            "CHANNEL_S3_BUCKET": s3.bucket,
            "CHANNEL_S3_ACCESS_KEY_ID": str(s3.access_key_id),
            "CHANNEL_S3_SECRET_ACCESS_KEY": str(s3.secret_access_key),
            "CHANNEL_FFMPEG": str(wrapper),
            "CHANNEL_CAGE": "plain",  # the wrapper writes a log and starts programs
            "CHANNEL_X264_PRESET": "superfast",
            "CHANNEL_WORKER_SLOTS": "1",
            "CHANNEL_WORKER_LEASE_S": "2",
            "CHANNEL_KEY_ENCRYPTION_KEY": _KEY_ENCRYPTION_KEY,
        }
        self._processes: list[subprocess.Popen[bytes]] = []
        self.sql = open_engine(database_url)
        self.cache = RedisCache(valkey.url)
        self.jobs = StreaqEngine(valkey.url)
        self.catalogue = Catalogue(sql=self.sql, cache=self.cache, jobs=self.jobs)

    def start(self, part: str, *, port: int | None = None) -> subprocess.Popen[bytes]:
        """`channel api` (on another port for a second one) or `channel worker`."""
        environment = self.environment if port is None else self.environment | {"CHANNEL_PORT": str(port)}
        with (self.home / f"{part}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "streaming", part],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._processes.append(process)
        return process

    def kill_all(self, part: str = "") -> None:
        """kill -9 of all that runs, or of every API process, or worker."""
        for process in self._processes:
            if process.poll() is None and (not part or part in process.args):
                process.kill()
                process.wait()

    async def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._processes:
            process.wait()
        await self.jobs.close()
        await self.cache.aclose()
        await self.sql.dispose()

    def poison(self, asset: AssetId) -> None:
        """From now on an ffmpeg that reads this asset's source kills its worker."""
        self._log.with_name(f"{self._log.name}.poison").write_text(asset)

    async def upload(self, body: bytes, *, asset: AssetId | None = None, profile: Profile = DEFAULT) -> Asset:
        """A whole source, of a new asset unless it is for one that exists."""
        if asset is None:
            asset = (await self.catalogue.create(titles={"en": "A race"}, created_by="test")).id
        version = await self.catalogue.begin_upload(asset)
        if profile.encryption is not Encryption.NONE:
            await self._keys.make(asset, version)
        await write_profile(self.store, asset, version, profile)
        piece = Piece(key=layout.source_piece(asset, version), start=0, size=len(body))
        await self.store.put(piece.key, body, content_type="video/mp4")
        await write_source(self.store, asset, version, SourceBytes(pieces=(piece,), length=len(body), whole=True))
        return await self.catalogue.source_arrived(asset, version=version, size=len(body), filename="race.mp4")

    async def answers(self, url: str | None = None) -> bool:
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                return (await client.get(f"{url or self.url}/healthz")).status_code == 200
            except httpx.HTTPError:
                return False

    async def is_planned(self, asset: AssetId) -> bool:
        return await find_plan(self.store, asset, 1) is not None

    async def is_ready(self, asset: AssetId) -> bool:
        found = await self.catalogue.get(asset)
        assert found.state is not AssetState.FAILED, found.failure
        return found.state is AssetState.READY

    async def segments(self, asset: AssetId, *, version: int = 1) -> int:
        keys = [each.key async for each in self.store.list(layout.media_prefix(asset))]
        return len([key for key in keys if key.endswith(".m4s") and layout.media_version(key) == version])

    async def in_the_middle(self, asset: AssetId, *, version: int = 1) -> bool:
        """Something is made, something is being made, something is still to be made."""
        plan = await find_plan(self.store, asset, version)
        return plan is not None and 2 <= await self.segments(asset, version=version) <= 8 and bool(self.encoders())

    def encoders(self) -> list[psutil.Process]:
        """ffmpeg processes that read from this service's home, whoever their parent is by now."""
        found = []
        for process in psutil.process_iter(["name", "cmdline"]):
            said = " ".join(process.info["cmdline"] or ())
            if "ffmpeg" in said and str(self.home / "sources") in said and process.info["name"] != "sh":
                found.append(process)
        return found

    def children(self) -> list[psutil.Process]:
        """What our own processes have started, and what that has."""
        found = []
        for process in self._processes:
            with suppress(psutil.NoSuchProcess):
                found += psutil.Process(process.pid).children(recursive=True)
        return found

    def begun(self, plan: Plan) -> list[range]:
        """The segments of the picture that each encoder was started for, of a plan with one rung."""
        assert plan.video is not None
        found = []
        for line in self._begun.splitlines():
            fragment = re.search(r"-fragment_index (\d+)", line)
            cut = re.search(r"trim=end_pts=(\d+):start_pts=(\d+)", line)
            if fragment and cut:
                first = (int(fragment[1]) - 1) // (plan.video.segment // plan.video.gop)
                frames = int(cut[1]) - int(cut[2])
                found.append(range(first, first + -(-frames // plan.video.segment)))
        return found

    def starts(self) -> int:
        """Encoders of segments: not who hears, draws or searches."""
        return len(re.findall(r"^.* -(?:fragment_index|f adts) .*$", self._begun, re.MULTILINE))

    @property
    def _begun(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def versions(self) -> Counter[str]:
        """How often each object of the bucket was written."""
        with self.s3() as client:
            pages = client.get_paginator("list_object_versions").paginate(Bucket=self.bucket)
            return Counter(each["Key"] for page in pages for each in page.get("Versions", ()))

    @contextmanager
    def s3(self) -> Iterator[Any]:
        """A client of the vendor's own."""
        client = boto3.client(
            "s3", endpoint_url=self._s3.endpoint_url, region_name=self._s3.region,
            aws_access_key_id=self._s3.access_key_id, aws_secret_access_key=self._s3.secret_access_key,
        )  # fmt: skip
        try:
            yield client
        finally:
            client.close()

    async def check_whole(self, asset: AssetId, *, more_starts: int, version: int = 1) -> None:
        """Ready with all its objects, each written once, with the key that players are told; hardly more encoder
        processes than windows."""
        plan = await read_plan(self.store, asset, version)
        assert await read_ready(self.store, asset, version) is not None
        written = self.versions()
        for name in expected(plan):
            assert written[key_of(asset, *name)] == 1, name
        keys = await self._keys.of(plan)
        for rendition, number in expected(plan) if keys is not None else ():
            body = await read_clear(self.store, plan, keys, rendition, number)
            assert (b"ftyp" if number is None else b"moof") in body, (rendition, number)
        for key in (layout.plan(asset, version), layout.measured(asset, version), layout.ready(asset, version)):
            assert written[key] == 1, key
        assert self.starts() <= len(windows(plan)) + more_starts
        assert self.encoders() == []
        # The finish tells that it is ready, and then ends.
        with anyio.fail_after(60):
            while await self.jobs.pending(asset):  # noqa: ASYNC110 (the queue lies in Redis)
                await anyio.sleep(0.05)


def make_clip(path: Path, ffmpeg: str, *, seconds: int = 20) -> bytes:
    """160x90, with a tone; of 20 s: ten segments, in four windows of the picture and two of the sound."""
    subprocess.run(
        [
            ffmpeg, "-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=160x90:rate=25",
            "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", str(seconds),
            "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac", path,
        ],
        check=True,
    )  # fmt: skip
    return path.read_bytes()


@asynccontextmanager
async def prepared(home: Path, **parts: Any) -> AsyncIterator[Service]:
    """A service whose tables and bucket are made; none of its processes runs yet. All are ended with the context."""
    home.mkdir()
    service = Service(home, **parts)
    async with service.sql.begin() as connection:
        await connection.run_sync(streaming.tables.metadata.create_all)
    with service.s3() as client:
        client.put_bucket_versioning(Bucket=service.bucket, VersioningConfiguration={"Status": "Enabled"})
    try:
        yield service
    finally:
        await service.close()
