"""Watching an upload: real requests whose bytes come when the test lets them, an API process and a worker process."""

from __future__ import annotations

import asyncio
import base64
import signal
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from manifests import hls, layout
from manifests.hls import MediaPlaylist, MultivariantPlaylist
from streaming.http.auth import Role
from streaming.tokens.service import Tokens
from streaming.upload.tus import BODY_TYPE
from transcoder.facts import read_plan
from transcoder.publish import key_of
from transcoder.remaining import expected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from manifests.layout import AssetId
    from tests.e2e.service import Service

    Eventually = Callable[..., Awaitable[None]]


SECONDS = 12
FORMATS = {"clip.ts": [], "clip.mkv": [], "fast.mp4": ["-movflags", "faststart"]}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory, clips_of: Callable[..., None]) -> Path:
    """Six segments of 2 s."""
    folder = tmp_path_factory.mktemp("clips")
    clips_of(folder, FORMATS, seconds=SECONDS)
    return folder


class Put:
    """An upload in one request, whose body is let go piece by piece."""

    def __init__(self, client: httpx.AsyncClient, asset: AssetId, body: bytes) -> None:
        self._client, self._asset, self._body = client, asset, body
        self._allowed = 0
        self._more = asyncio.Event()
        self._request: asyncio.Task[None] | None = None

    async def more(self, share: float) -> None:
        """Send the body up to this share of it; wait for the answer to all of it."""
        self._allowed = int(len(self._body) * share)
        self._more.set()
        if self._request is None:
            self._request = asyncio.create_task(self._put())
        if share == 1:
            await self._request

    async def _put(self) -> None:
        headers = {"Content-Length": str(len(self._body)), "Content-Type": "video/mp2t"}
        url = f"/api/assets/{self._asset}/source"
        answer = await self._client.put(url, content=self._slowly(), headers=headers, timeout=120)
        assert answer.is_success, answer.text

    async def _slowly(self) -> AsyncIterator[bytes]:
        at = 0
        while at < len(self._body):
            while at >= self._allowed:
                self._more.clear()
                await self._more.wait()
            yield self._body[at : self._allowed]
            at = self._allowed


class Tus:
    """An upload in several requests."""

    def __init__(self, client: httpx.AsyncClient, asset: AssetId, body: bytes) -> None:
        self._client, self._asset, self._body = client, asset, body
        self._url, self._sent = "", 0

    async def more(self, share: float) -> None:
        tus = {"Tus-Resumable": "1.0.0"}
        if not self._url:
            metadata = {"Upload-Metadata": f"asset {base64.b64encode(self._asset.encode()).decode()}"}
            length = {"Upload-Length": str(len(self._body))}
            made = await self._client.post("/api/uploads", headers=tus | metadata | length)
            assert made.status_code == 201, made.text
            self._url = made.headers["Location"]
        part = self._body[self._sent : int(len(self._body) * share)]
        headers = tus | {"Upload-Offset": str(self._sent), "Content-Type": BODY_TYPE}
        answer = await self._client.patch(self._url, content=part, headers=headers)
        assert answer.status_code == 204, answer.text
        self._sent += len(part)

    async def terminate(self) -> None:
        answer = await self._client.delete(self._url, headers={"Tus-Resumable": "1.0.0"})
        assert answer.status_code == 204, answer.text


class Viewer:
    """What is seen of an asset from outside."""

    def __init__(self, client: httpx.AsyncClient, asset: AssetId) -> None:
        self._client, self._asset = client, asset
        self.texts: list[str] = []

    async def playlist(self) -> MediaPlaylist | None:
        """The first listed variant's; None while there is none."""
        answer = await self._client.get(f"/v/{self._asset}/index.m3u8")
        if not answer.is_success:
            return None
        multivariant = hls.parse(answer.text)
        assert isinstance(multivariant, MultivariantPlaylist)
        text = (await self._client.get(answer.url.join(multivariant.variants[0].uri))).text
        if text not in self.texts:
            self.texts.append(text)
        playlist = hls.parse(text)
        assert isinstance(playlist, MediaPlaylist)
        return playlist

    def lists(self, least: int) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            playlist = await self.playlist()
            return playlist is not None and len(playlist.segments) >= least

        return look

    async def pictures(self, rendition: str, numbers: range, folder: Path, ffmpeg: str) -> int:
        """How many decode from these segments, as they are served."""
        path = folder / f"{rendition}-{numbers.start}-{numbers.stop}.mp4"
        parts = ["init.mp4", *(f"{number}.m4s" for number in numbers)]
        path.write_bytes(b"".join([await self._get(f"/v/{self._asset}/{rendition}/{part}") for part in parts]))
        counted = await anyio.run_process([ffmpeg, "-v", "error", "-i", str(path), "-f", "framecrc", "-"])
        assert counted.stderr == b""
        return sum(not line.startswith(b"#") for line in counted.stdout.splitlines())

    async def _get(self, url: str) -> bytes:
        while (answer := await self._client.get(url, timeout=60)).status_code == 503:
            continue
        assert answer.status_code == 200, answer.text
        return answer.content


@asynccontextmanager
async def clients(service: Service, eventually: Eventually) -> AsyncIterator[tuple[httpx.AsyncClient, AssetId]]:
    """An API process, an editor at it, and an asset of his that everybody may see."""
    service.start("api")
    await eventually(service.answers, timeout=120)
    made = await Tokens(sql=service.sql).create(role=Role.PUBLISHER, name="test")
    asset = await service.catalogue.create(titles={"en": "A race"}, created_by="test")
    await service.catalogue.publish(asset.id)
    headers = {"Authorization": f"Bearer {made.secret}"}
    async with httpx.AsyncClient(base_url=service.url, headers=headers, trust_env=False, timeout=60) as client:
        yield client, asset.id


@pytest.mark.parametrize(("name", "kind"), [("clip.ts", Put), ("clip.mkv", Tus), ("fast.mp4", Put)])
async def test_an_upload_is_watched_from_its_first_seconds_to_its_end(
    name: str, kind: type[Put | Tus], service: Service, clips: Path, tmp_path: Path, eventually: Eventually, ffmpeg: str
) -> None:
    async with clients(service, eventually) as (client, asset):
        upload, viewer = kind(client, asset, (clips / name).read_bytes()), Viewer(client, asset)
        worker = service.start("worker")
        await upload.more(0.02)
        await upload.more(0.45)
        await eventually(viewer.lists(1), timeout=120)
        first = await viewer.playlist()
        assert first is not None
        assert (first.playlist_type, first.ended) == ("EVENT", False)
        plan = await read_plan(service.store, asset, 1)
        assert plan.video is not None
        (rung,) = plan.video.rungs
        assert await viewer.pictures(rung.id, range(1), tmp_path, ffmpeg) == 50, "before the upload ends"
        progress = (await client.get(f"/api/assets/{asset}")).json()
        assert progress["state"] == "uploading"
        assert progress["playback_url"]

        worker.send_signal(signal.SIGKILL)
        worker.wait()
        await upload.more(0.8)
        service.start("worker")
        await eventually(viewer.lists(len(first.segments) + 1), timeout=120)
        await upload.more(1)
        await eventually(lambda: service.is_ready(asset), timeout=180)

        plan = await read_plan(service.store, asset, 1)
        assert plan.video is not None
        last = await viewer.playlist()
        assert last is not None
        assert (last.playlist_type, last.ended, len(last.segments)) == ("EVENT", True, plan.video.segments)
        assert all(later.startswith(earlier) for earlier, later in pairwise(viewer.texts)), "RFC 8216bis §6.2.1"
        frames = await viewer.pictures(rung.id, range(plan.video.segments), tmp_path, ffmpeg)
        assert SECONDS * 25 <= frames == plan.video.frames
    written = service.versions()
    for each in expected(plan):
        assert written[key_of(asset, *each)] == 1, each
    assert await service.store.head(layout.growing(asset, 1)) is None
    assert service.encoders() == []


async def test_of_an_upload_that_is_given_up_nothing_is_left(
    service: Service, clips: Path, eventually: Eventually
) -> None:
    async with clients(service, eventually) as (client, asset):
        upload, viewer = Tus(client, asset, (clips / "clip.ts").read_bytes()), Viewer(client, asset)
        service.start("worker")
        await upload.more(0.6)
        await eventually(viewer.lists(1), timeout=120)

        async def is_made() -> bool:
            return await service.segments(asset) > 0

        await eventually(is_made, timeout=120)
        await upload.terminate()

        async def is_gone() -> bool:
            return await viewer.playlist() is None

        await eventually(is_gone)
        assert (await client.get(f"/api/assets/{asset}")).json()["state"] == "created"

        async def is_empty() -> bool:
            for prefix in (layout.source_prefix(asset), layout.work_prefix(asset), layout.media_prefix(asset)):
                async for _ in service.store.list(prefix):
                    return False
            return True

        async def is_idle() -> bool:
            return not await service.jobs.pending(asset)

        await eventually(is_idle)
        await eventually(lambda: not service.encoders())
        await eventually(is_empty)
