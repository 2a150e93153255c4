"""Clips of a running channel on the real stack: each picture says in black and white which one it is."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from typer.testing import CliRunner

from manifests import hls
from manifests.hls import MediaPlaylist, date_time
from streaming.cli import app
from tests.e2e import live
from tests.e2e.stack import Stack, running
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from datetime import datetime

WIDTH, HEIGHT, RATE, BITS = 160, 90, 25, 16
CODED = (
    f"color=gray:size={WIDTH}x{HEIGHT}:rate={RATE},format=yuv420p,"
    f"geq=lum='if(bitand(N,pow(2,floor(X*{BITS}/{WIDTH}))),220,30)':cb=128:cr=128"
)
"""Picture n shows the bits of n as bars, the lowest one at the left."""


@pytest.fixture(scope="module")
def on_air(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Stack]:
    ways = {"CHANNEL_RTMP_PORT": str(free_port())}
    with running(Stack(home=tmp_path_factory.mktemp("clips"), port=free_port(), environment=ways)) as started:
        yield started


@pytest.fixture
async def client(on_air: Stack) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {on_air.token}"}
    async with httpx.AsyncClient(base_url=on_air.url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


async def codes(client: httpx.AsyncClient, ffmpeg: str, playlist: MediaPlaylist, url: str) -> list[int]:
    """What the pictures of a playlist say, decoded in turn."""
    assert playlist.map is not None or playlist.segments[0].map is not None
    init = playlist.map or playlist.segments[0].map
    assert init is not None
    uris = [init.uri, *(segment.uri for segment in playlist.segments)]
    body = b"".join([(await client.get(httpx.URL(url).join(uri))).raise_for_status().content for uri in uris])
    decoder = await asyncio.create_subprocess_exec(
        ffmpeg, "-v", "error", "-i", "-", "-map", "0:v", "-fps_mode", "passthrough", "-f", "rawvideo",
        "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    pictures, said = await decoder.communicate(body)
    assert (decoder.returncode, said) == (0, b"")
    size, bar = WIDTH * HEIGHT, WIDTH // BITS
    middle = HEIGHT // 2 * WIDTH + bar // 2
    return [
        sum((pictures[start + middle + bit * bar] > 125) << bit for bit in range(BITS))
        for start in range(0, len(pictures), size)
    ]


async def media_playlist(client: httpx.AsyncClient, url: str) -> MediaPlaylist:
    found = hls.parse((await client.get(url)).raise_for_status().text)
    assert isinstance(found, MediaPlaylist)
    return found


async def shown(client: httpx.AsyncClient, ffmpeg: str, url: str) -> tuple[datetime, list[int]]:
    """The date of a live playlist's first picture, and what all that are in whole segments say."""
    playlist = await media_playlist(client, url)
    date = playlist.segments[0].program_date_time
    assert date is not None
    return date, await codes(client, ffmpeg, playlist, url)


async def shown_to(client: httpx.AsyncClient, ffmpeg: str, url: str, *, count: int) -> list[int]:
    """What the pictures of a live playlist say, from its first one on, once there are so many."""
    found: list[int] = []

    async def are_there() -> bool:
        _, found[:] = await shown(client, ffmpeg, url)
        return len(found) >= count

    await eventually(are_there, timeout=60)
    return found


async def clip_when_it_can_be(client: httpx.AsyncClient, body: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """How often it was too early, and the clip."""
    for refused in range(100):
        answer = await client.post("/api/channels/arena/clips", json=body)
        if answer.status_code != 425:
            assert answer.status_code == 201, answer.text
            return refused, answer.json()
        told = answer.json()
        assert told["code"] == "not_yet"
        assert 0 < told["available_in_s"] <= int(answer.headers["Retry-After"])
        await asyncio.sleep(told["available_in_s"])
    raise AssertionError("never there")


async def exact(client: httpx.AsyncClient, ffmpeg: str, clip: str) -> list[int]:
    """What the pictures of a clip say once it is what was asked for."""

    async def is_exact() -> bool:
        asset = (await client.get(f"/api/assets/{clip}")).json()
        assert asset["failure"] is None
        assert asset["replacement"] is None or asset["replacement"]["failure"] is None
        return asset["version"] == 2 and asset["state"] == "ready"

    await eventually(is_exact, timeout=90)
    return await pictures(client, ffmpeg, clip, version=2)


async def pictures(client: httpx.AsyncClient, ffmpeg: str, clip: str, *, version: int) -> list[int]:
    rungs = hls.parse((await client.get(f"/v/{clip}/index.m3u8")).raise_for_status().text)
    assert isinstance(rungs, hls.MultivariantPlaylist)
    rendition = rungs.variants[0].uri.partition("/")[0].rpartition("-")[0]
    url = str(client.base_url.join(f"/v/{clip}/{rendition}-{version}/index.m3u8"))
    return await codes(client, ffmpeg, await media_playlist(client, url), url)


async def test_a_clip_in_two_stages(on_air: Stack, client: httpx.AsyncClient, ffmpeg: str) -> None:
    (await client.post("/api/channels", json={"title": "Arena", "id": "arena"})).raise_for_status()
    (await client.post("/api/channels/arena/start")).raise_for_status()
    secret = (await client.post("/api/channels/arena/keys", json={})).raise_for_status().json()["secret"]
    url = f"{on_air.url}/live/arena/index.m3u8"
    early = await client.post("/api/channels/arena/clips", json={"in": "-5s", "out": "now"})
    assert (early.status_code, early.json()["code"]) == (404, "not_shown")
    address = f"rtmp://127.0.0.1:{on_air.environment['CHANNEL_RTMP_PORT']}/live/{secret}"
    async with live.publishing(ffmpeg, address, picture=CODED):
        await live.until_live(client, url)
        (rendition, _) = await live.renditions(client, url)
        viewer = live.Viewer(client=client, url=rendition)
        await viewer.watch(14)
        date, before = await shown(client, ffmpeg, rendition)
        # From inside of a group of pictures to what nobody has seen yet.
        first, count = len(before) - 20, 20 + 4 * RATE + 3
        moments = [date + timedelta(seconds=frame / RATE) for frame in (first, first + count)]
        body = dict(zip(("in", "out"), map(date_time.render, moments), strict=True))
        refused, clip = await clip_when_it_can_be(client, body)
        assert refused > 0
        assert (clip["state"], clip["version"], clip["replacement"]["version"]) == ("playable", 1, 2)
        assert clip["title"] == f"Arena, {moments[0]:%Y-%m-%d %H:%M:%S}"
        rough = await pictures(client, ffmpeg, clip["id"], version=1)
        # By what was shown, since a clock that is followed may repeat a picture or leave one out.
        after = await shown_to(client, ffmpeg, rendition, count=first + count + 8)
        assert after[: len(before)] == before
        wanted = after[first : first + count]
        assert rough in [after[begin : begin + len(rough)] for begin in range(first + 1)]
        rest = after.index(rough[-1]) + 1 - (first + count)
        assert 0 <= rest < 8, "it ends with the part that the last picture is in"
        assert await exact(client, ffmpeg, clip["id"]) == wanted
        asset = (await client.get(f"/api/assets/{clip['id']}")).json()
        assert (asset["duration_s"], asset["editorial"]) == (pytest.approx(count / RATE, abs=0.001), "draft")
        # Who plays the first version is not interrupted.
        assert await pictures(client, ffmpeg, clip["id"], version=1) == rough
        # By the command line, which waits for what lies a moment ahead.
        ahead = date_time.from_ms(time.time_ns() // 1_000_000 + 500)
        asked = ["live-clip", "arena", "--in", "-1s", "--out", date_time.render(ahead), "--token", on_air.token]
        told = await asyncio.to_thread(CliRunner().invoke, app, [*asked, "--url", on_air.url])
        assert (told.exit_code, told.output[:6]) == (0, "asset "), told.output
        asked[1] = "nowhere"
        told = await asyncio.to_thread(CliRunner().invoke, app, [*asked, "--url", on_air.url])
        assert (told.exit_code, told.stderr) == (1, "channel live-clip: There is no channel with this id.\n")
        date, before = await shown(client, ffmpeg, rendition)
    assert viewer.refused == []
    (await client.post("/api/channels/arena/stop")).raise_for_status()
    await eventually(lambda: is_over(client, rendition))
    moments = [date + timedelta(seconds=frame / RATE) for frame in (49, 60)]
    body = dict(zip(("in", "out"), map(date_time.render, moments), strict=True))
    _, other = await clip_when_it_can_be(client, body)
    # The worker dies on its way to the exact one; no part of a channel waits for it.
    worker = on_air.child("worker")
    assert worker.nice() > on_air.child("live").nice()
    worker.kill()
    assert await exact(client, ffmpeg, other["id"]) == before[49:60]
    late = await client.post("/api/channels/arena/clips", json=body | {"out": "2100-01-01T00:00:00Z"})
    assert (late.status_code, late.json()["code"]) == (422, "cut_out_of_range")
    # Of a clip that is deleted nothing is left, nor of what holds the live segments for it.
    assert not is_swept(on_air, other["id"])
    (await client.delete(f"/api/assets/{other['id']}")).raise_for_status()
    await eventually(lambda: is_swept(on_air, other["id"]))


def is_swept(stack: Stack, asset: str) -> bool:
    """Folders go away while they are walked through."""
    return not any(asset in f"{folder}/{name}" for folder, _, names in os.walk(stack.home / "s3") for name in names)


async def is_over(client: httpx.AsyncClient, rendition: str) -> bool:
    return (await media_playlist(client, rendition)).ended
