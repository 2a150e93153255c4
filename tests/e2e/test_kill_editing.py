"""What a kill -9 costs an editor: nothing but time. What is published is served all along, as it was; what he asked for
is there in the end, once, and nothing else is left in the bucket."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import anyio
import httpx
import psutil
import pytest

from manifests import hls, layout
from manifests.captions.read import read
from manifests.hls import MultivariantPlaylist
from manifests.layout import RenditionId
from streaming.captions.service import Captions
from streaming.clock import utc_now
from streaming.http.auth import Role
from streaming.tokens.service import Tokens
from tests.e2e.service import make_clip
from tests.e2e.test_kill import IN_HAND
from transcoder.facts import read_plan
from transcoder.windows import windows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from manifests.layout import AssetId
    from tests.e2e.service import Service

    Eventually = Callable[..., Awaitable[None]]

SRT = "1\n00:00:00,500 --> 00:00:02,000\n{}\n"


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> bytes:
    return make_clip(tmp_path_factory.mktemp("short") / "short.mp4", ffmpeg, seconds=4)


@pytest.fixture(scope="module")
def subtitled(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> bytes:
    folder = tmp_path_factory.mktemp("subtitled")
    make_clip(folder / "clip.mp4", ffmpeg, seconds=4)
    (folder / "words.srt").write_text(SRT.format("On your marks"))
    said = ("-map", "0", "-map", "1", "-c", "copy", "-c:s", "mov_text", "-metadata:s:s:0", "language=eng")
    inputs = ("-i", folder / "clip.mp4", "-i", folder / "words.srt")
    subprocess.run([ffmpeg, "-v", "error", *inputs, *said, folder / "both.mp4"], check=True)
    return (folder / "both.mp4").read_bytes()


async def published(service: Service, body: bytes, eventually: Eventually) -> AssetId:
    """An asset that everybody may watch, and that is ready; API and worker are started."""
    service.start("api")
    service.start("worker")
    await eventually(service.answers)
    asset = (await service.upload(body)).id
    await eventually(lambda: service.is_ready(asset), timeout=90)
    await service.catalogue.publish(asset)
    return asset


async def listed(service: Service, asset: AssetId) -> MultivariantPlaylist:
    """What somebody who comes now is told, every URI of whose variants and captions leads somewhere."""
    async with httpx.AsyncClient(base_url=service.url, trust_env=False, timeout=60) as viewer:
        found = hls.parse((await viewer.get(f"/v/{asset}/index.m3u8")).raise_for_status().text)
        assert isinstance(found, MultivariantPlaylist)
        for uri in (*(each.uri for each in found.variants), *(each.uri for each in found.renditions if each.uri)):
            (await viewer.get(f"/v/{asset}/{uri}")).raise_for_status()
        return found


def captions_in(playlist: MultivariantPlaylist) -> list[str | None]:
    return [each.language for each in playlist.renditions if each.type == "SUBTITLES"]


def versions_in(playlist: MultivariantPlaylist) -> set[str]:
    return {variant.uri.split("/")[0].rpartition("-")[2] for variant in playlist.variants}


async def test_processes_die_while_a_source_is_replaced(
    service: Service, short: bytes, clip: bytes, eventually: Eventually
) -> None:
    service.environment["CHANNEL_FORMER_KEPT_S"] = "1"
    asset = await published(service, short, eventually)
    first = await read_plan(service.store, asset, 1)
    await service.upload(clip, asset=asset)
    await eventually(lambda: service.in_the_middle(asset, version=2), timeout=60)
    service.kill_all()
    await eventually(lambda: service.encoders() == [])
    service.valkey.flush()
    service.start("api")
    await eventually(service.answers)
    assert versions_in(await listed(service, asset)) == {"1"}, "what was published is served on"
    service.start("worker")

    async def replaced() -> bool:
        if (await service.catalogue.get(asset)).version == 2:
            return True
        assert versions_in(await listed(service, asset)) <= {"1", "2"}
        return False

    await eventually(replaced, timeout=90)
    await service.check_whole(asset, version=2, more_starts=IN_HAND + len(windows(first)))

    async def is_new() -> bool:
        return versions_in(await listed(service, asset)) == {"2"}

    async def is_alone() -> bool:
        keys = [stat.key async for stat in service.store.list("")]
        return all(_version(key) in (None, 2) for key in keys)

    await eventually(is_new)
    await eventually(is_alone)


def _version(key: str) -> int | None:
    """The version of the source that an object is of; None for what is of the asset."""
    if key.startswith("media/"):
        return layout.media_version(key)
    version = key.split("/")[2]
    return int(version) if version.isdecimal() else None


async def test_the_api_dies_while_captions_are_published(
    service: Service, short: bytes, eventually: Eventually
) -> None:  # fmt: skip
    asset = await published(service, short, eventually)
    captions = Captions(sql=service.sql)
    token = await Tokens(sql=service.sql).create(role=Role.EDITOR, name="ann")
    for number, text in enumerate(("On your marks", "Set", "Go")):
        async with anyio.create_task_group() as group:
            group.start_soon(write_captions, service, token.secret, asset, number == 0, text)
            await eventually(partial(is_kept, captions, asset, number))
            service.kill_all("api")
        service.start("api")
        await eventually(service.answers)
        # Until the new ones are there to be read, the former ones are listed, and can be read.
        assert number == 0 or len(captions_in(await listed(service, asset))) == 1
        await eventually(partial(are_published, service, captions, asset, text))
    # What there is of captions is what is listed, and what is known to be left over.
    left = {rendition for _, rendition in await captions.leftovers(utc_now() + timedelta(days=1))}
    (track,) = (await captions.tracks(asset)).tracks
    folders = {stat.key.split("/")[2] async for stat in service.store.list(layout.media_prefix(asset))}
    assert {name for name in folders if layout.is_captions(RenditionId(name))} <= {*left, track.rendition_id}


async def write_captions(service: Service, token: str, asset: AssetId, first: bool, text: str) -> None:
    """Add them, or replace them. Whoever is to answer may die meanwhile."""
    url = f"{service.url}/api/assets/{asset}/captions"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-subrip"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=60) as editor:
        with suppress(httpx.HTTPError):
            if first:
                await editor.post(f"{url}?language=en", content=SRT.format(text))
            else:
                await editor.put(f"{url}/t1", content=SRT.format(text))


async def is_kept(captions: Captions, asset: AssetId, known: int) -> bool:
    return (await captions.tracks(asset)).revision > known


async def are_published(service: Service, captions: Captions, asset: AssetId, text: str) -> bool:
    tracks = await captions.tracks(asset)
    if tracks.published != tracks.revision or len(tracks.tracks) != 1:
        return False
    body = await service.store.read(layout.caption_segment(asset, tracks.tracks[0].rendition_id, 0))
    return [cue.text for cue in read(body).cues] == [text]


async def test_the_worker_dies_while_captions_are_searched_for(
    service: Service, subtitled: bytes, eventually: Eventually
) -> None:
    service.start("api")
    service.start("worker")
    await eventually(service.answers)
    asset = (await service.upload(subtitled)).id
    await eventually(lambda: any("captions_child" in word for child in service.children() for word in _words(child)))
    service.kill_all("worker")
    service.valkey.flush()
    service.start("worker")
    captions = Captions(sql=service.sql)

    async def are_found() -> bool:
        tracks = await captions.tracks(asset)
        return bool(tracks.found) and tracks.published == tracks.revision

    await eventually(lambda: service.is_ready(asset), timeout=90)
    await eventually(are_found, timeout=60)
    await service.catalogue.publish(asset)
    (track,) = (await captions.tracks(asset)).tracks
    assert (track.naming.language, track.cue_count, track.version) == ("en", 1, 1)

    async def is_listed() -> bool:
        return [each.language for each in (await listed(service, asset)).renditions if each.type == "SUBTITLES"] == [
            "en"
        ]

    await eventually(is_listed)


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
