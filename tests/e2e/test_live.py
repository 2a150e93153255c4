"""A channel from an encoder that nobody here wrote to players that nobody here wrote, through kills and garbage."""

from __future__ import annotations

import asyncio
import base64
from itertools import pairwise
from shutil import which
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.e2e import live, obs
from tests.e2e.stack import Stack, running
from tests.streaming.live.timeline.scte35.spliced import SECOND, insert, with_splices
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def on_air(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Stack]:
    """A stack that takes publishers."""
    srt = free_port()
    ways = {
        "CHANNEL_RTMP_PORT": str(free_port()), "CHANNEL_SRT_PORTS": f"{srt}-{srt + 15}",
        "CHANNEL_INGEST_PORT": str(free_port()),
    }  # fmt: skip
    with running(Stack(home=tmp_path_factory.mktemp("live"), port=free_port(), environment=ways)) as started:
        yield started


@pytest.fixture
async def client(on_air: Stack) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {on_air.token}"}
    async with httpx.AsyncClient(base_url=on_air.url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


async def started(stack: Stack, client: httpx.AsyncClient, channel: str) -> tuple[str, str]:
    """A channel that waits for publishers: where to publish, and where it is watched."""
    (await client.post("/api/channels", json={"title": channel, "id": channel})).raise_for_status()
    (await client.post(f"/api/channels/{channel}/start")).raise_for_status()
    secret = (await client.post(f"/api/channels/{channel}/keys", json={})).raise_for_status().json()["secret"]
    port = stack.environment["CHANNEL_RTMP_PORT"]
    return f"rtmp://127.0.0.1:{port}/live/{secret}", f"{stack.url}/live/{channel}/index.m3u8"


async def state_is(client: httpx.AsyncClient, channel: str, state: str) -> None:
    async def is_there() -> bool:
        return bool((await client.get(f"/api/channels/{channel}")).json()["state"] == state)

    await eventually(is_there)


async def marked(client: httpx.AsyncClient, channel: str, viewers: list[live.Viewer]) -> set[str]:
    """Mark a moment while all wait for the next part: what stands behind the mark where they are told of it."""
    waiting = [asyncio.create_task(viewer.poll()) for viewer in viewers]
    await asyncio.wait(waiting, timeout=0.05)
    known = {viewer.url: set(viewer.parts) for viewer in viewers}
    mark = {"kind": "sport", "id": "goal", "title": "1:0"}
    (await client.post(f"/api/channels/{channel}/timeline", json=mark)).raise_for_status()
    await asyncio.gather(*waiting)
    behind = set()
    for viewer in viewers:
        if "goal" not in live.listed(viewer.last):
            await viewer.poll()  # the part that came before was on its way
        listed = live.listed(viewer.last)
        place = listed.index("goal")
        assert len([each for each in listed[place + 1 :] if each not in known[viewer.url]]) <= 2
        behind.add(listed[place + 1])
    return behind


@pytest.mark.parametrize("way", ["srt", "http"])
async def test_other_ways_in(on_air: Stack, client: httpx.AsyncClient, ffmpeg: str, way: str) -> None:
    (await client.post("/api/channels", json={"title": way, "id": way})).raise_for_status()
    (await client.post(f"/api/channels/{way}/start")).raise_for_status()
    made = (await client.post(f"/api/channels/{way}/keys", json={})).raise_for_status().json()
    address, form = made["addresses"]["srt"], ("-f", "mpegts")
    if way == "http":
        address = made["addresses"]["http"] + "track.mp4"
        form = (
            "-f", "mp4", "-movflags", "+cmaf+frag_every_frame+empty_moov+default_base_moof", "-method", "POST",
            "-headers", f"Authorization: Bearer {made['secret']}\r\n",
        )  # fmt: skip
    async with live.publishing(ffmpeg, address, form=form):
        await live.until_live(client, f"{on_air.url}/live/{way}/index.m3u8")

        async def is_well() -> bool:
            health = (await client.get(f"/api/channels/{way}/health")).json()
            return any(
                (one["way"], one["width"], one["keyframe_interval_s"]) == (way, 320, 2)
                and one["dropped_frames"] < one["frames"] / 4  # SRT lets go what a busy machine takes too late
                for one in health["publishers"]
            )

        await eventually(is_well)
    (await client.delete(f"/api/channels/{way}/keys/{made['key']['id']}")).raise_for_status()


async def test_a_feed_is_watched_while_it_is_sent(on_air: Stack, client: httpx.AsyncClient, ffmpeg: str) -> None:
    address, url = await started(on_air, client, "arena")
    async with live.publishing(ffmpeg, address):
        await live.until_live(client, url)
        viewers = [live.Viewer(client=client, url=each) for each in await live.renditions(client, url)]
        assert len(viewers) == 2
        ordinary = asyncio.create_task(live.decoded(ffmpeg, url, seconds=5))
        await asyncio.gather(*(viewer.watch(24) for viewer in viewers))
        await state_is(client, "arena", "live")
        behind = await marked(client, "arena", viewers)
        assert len(behind) == 1, "in front of the same part in all renditions"
        player = await ordinary
    assert all(viewer.refused == [] for viewer in viewers)
    assert player["code"] == 0
    assert len(player["stamps"]) >= 100
    assert len({later - sooner for sooner, later in pairwise(player["stamps"])}) == 1  # no picture is missing
    (await client.post("/api/channels/arena/stop")).raise_for_status()
    for viewer in viewers:
        async with asyncio.timeout(60):
            while viewer.last is None or not viewer.last.ended:
                await viewer.poll()
        assert viewer.refused == []


@pytest.mark.skipif(not (which("obs") and which("Xvfb")), reason="no OBS here (Debian: obs-studio, xvfb)")
async def test_obs_streams_to_us(on_air: Stack, client: httpx.AsyncClient, ffmpeg: str, tmp_path: Path) -> None:
    address, url = await started(on_air, client, "studio")
    server, _, key = address.rpartition("/")
    async with obs.streaming(tmp_path, server, key):
        await live.until_live(client, url)
        viewers = [live.Viewer(client=client, url=each) for each in await live.renditions(client, url)]
        ordinary = asyncio.create_task(live.decoded(ffmpeg, url, seconds=3))
        await asyncio.gather(*(viewer.watch(6) for viewer in viewers))
        player = await ordinary
    assert all(viewer.refused == [] for viewer in viewers)
    assert not any(each.gap or each.discontinuity for viewer in viewers for each in viewer.segments.values())
    assert len({later - sooner for sooner, later in pairwise(player["stamps"])}) == 1  # no picture is missing
    (await client.post("/api/channels/studio/stop")).raise_for_status()


async def test_breaks_of_a_transport_stream_are_in_the_playlists(
    on_air: Stack, client: httpx.AsyncClient, ffmpeg: str, tmp_path: Path
) -> None:
    (await client.post("/api/channels", json={"title": "Breaks", "id": "breaks"})).raise_for_status()
    (await client.post("/api/channels/breaks/start")).raise_for_status()
    made = (await client.post("/api/channels/breaks/keys", json={})).raise_for_status().json()
    segment = tmp_path / "0.ts"
    argv = ["-f", "lavfi", "-i", "testsrc2=size=64x36:rate=25:duration=3", "-c:v", "libx264", "-g", "25"]
    encoding = await asyncio.create_subprocess_exec(ffmpeg, "-loglevel", "error", *argv, "-f", "mpegts", segment)
    assert await encoding.wait() == 0
    first = 126_000 + 3600  # ffmpeg begins at 1.4 s, and its first picture is shown two later
    out, back = (insert(7, first + at * SECOND, out=at == 2, seconds=9 if at == 2 else None) for at in (2, 8))
    where = f"http://127.0.0.1:{on_air.environment['CHANNEL_INGEST_PORT']}/ingest/breaks/"
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n0.ts\n"
    async with httpx.AsyncClient(auth=("", made["secret"]), base_url=where, timeout=60, trust_env=False) as pushing:
        (await pushing.put("live.m3u8", content=playlist)).raise_for_status()
        (await pushing.put("0.ts", content=with_splices(segment.read_bytes(), out, back))).raise_for_status()

    marks: list[dict[str, Any]] = []

    async def are_paired() -> bool:
        marks[:] = (await client.get("/api/channels/breaks/timeline")).json()["marks"]
        return [mark for mark in marks if mark["duration_s"] is not None] != []

    await eventually(are_paired)
    (mark,) = marks
    assert (mark["kind"], mark["source"], mark["duration_s"], mark["planned_duration_s"]) == ("ad", "scte35", 6.0, 9.0)
    await live.until_live(client, f"{on_air.url}/live/breaks/index.m3u8")
    (url, *_) = await live.renditions(client, f"{on_air.url}/live/breaks/index.m3u8")
    text = (await client.get(url)).text
    assert f"SCTE35-OUT=0x{out.hex().upper()}" in text
    assert f"SCTE35-IN=0x{back.hex().upper()}" in text
    mpd = (await client.get(f"{on_air.url}/live/breaks/manifest.mpd")).text
    assert [base64.b64encode(section).decode() in mpd for section in (out, back)] == [True, True]


async def test_a_killed_live_process_comes_back_and_viewers_go_on(
    on_air: Stack, client: httpx.AsyncClient, ffmpeg: str
) -> None:
    address, url = await started(on_air, client, "hall")
    async with live.publishing(ffmpeg, address):
        await live.until_live(client, url)
        viewers = [live.Viewer(client=client, url=each) for each in await live.renditions(client, url)]
        await asyncio.gather(*(viewer.watch(10) for viewer in viewers))
        on_air.child("live").kill()
        await asyncio.gather(*(viewer.until_return() for viewer in viewers))
    for viewer in viewers:
        # A request that waited for what the killed one would have made is told to ask again; nothing named is missing.
        assert [each for each in viewer.refused if "m4s" in each or "mp4" in each] == []
        assert not any(each.gap for each in viewer.segments.values())
        assert len({each.duration for each in viewer.segments.values()}) == 1  # no segment is cut short
        numbers = sorted(viewer.segments)
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
    (await client.post("/api/channels/hall/stop")).raise_for_status()


HOSTILE = (
    "bitflip_ts_31.ts", "duplicated_chunk.ts", "bitflip_mdat_31.mp4", "bitflip_moov_11.mp4", "box_size_4g.mp4",
    "ax_sample_missing_stsd.mp4", "ax_sample_malformed_free_box.mp4", "claims_65535x65535.mp4", "empty.mp4",
    "hls_http.mp4", "dash.mp4", "gif_js_polyglot.gif",
)  # fmt: skip
"""Of the corpus: garbage, lies about sizes, playlists in disguise."""


async def test_a_malformed_feed_harms_no_other(
    on_air: Stack, client: httpx.AsyncClient, ffmpeg: str, media: Path, tmp_path: Path
) -> None:
    (await client.post("/api/channels", json={"title": "Ring", "id": "ring"})).raise_for_status()
    (await client.post("/api/channels/ring/start")).raise_for_status()
    first, second = [
        (await client.post("/api/channels/ring/keys", json={"place": place})).raise_for_status().json()
        for place in ("primary", "backup")
    ]
    address, url = await started(on_air, client, "pool")
    clip, corpus = tmp_path / "clip.flv", media / "hostile"
    await run(
        ffmpeg, "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-t", "20", "-c:v", "libx264", "-preset",
        "ultrafast", "-g", "25", "-bf", "0", str(clip),
    )  # fmt: skip
    process = on_air.child("live").pid
    noise = ("-bsf:v", "noise=amount=20", "-f", "flv")  # every packet has some of its bytes turned over
    rtmp = f"rtmp://127.0.0.1:{on_air.environment['CHANNEL_RTMP_PORT']}/live/{first['secret']}"
    async with live.publishing(ffmpeg, address):
        await live.until_live(client, url)
        (viewer, _) = [live.Viewer(client=client, url=each) for each in await live.renditions(client, url)]
        for attack in (
            run(ffmpeg, "-re", "-i", str(clip), "-t", "3", "-c", "copy", *noise, rtmp),
            run(ffmpeg, "-i", str(corpus / HOSTILE[0]), "-c", "copy", "-f", "mpegts", first["addresses"]["srt"]),
            pushed(second, [corpus / name for name in HOSTILE]),
        ):
            task = asyncio.create_task(attack)
            await viewer.watch(12)
            while not task.done():
                await viewer.poll()
            await task
    assert viewer.refused == []
    assert not any(each.gap or each.discontinuity for each in viewer.segments.values())
    assert on_air.child("live").pid == process
    for channel in ("pool", "ring"):
        (await client.post(f"/api/channels/{channel}/stop")).raise_for_status()


async def run(ffmpeg: str, *argv: str) -> None:
    """However it ends; it does not outlive whoever waits for it."""
    child = await asyncio.create_subprocess_exec(ffmpeg, "-y", "-loglevel", "quiet", *argv)
    try:
        await child.wait()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


async def pushed(made: dict[str, Any], files: list[Path]) -> None:
    """Each is answered: taken, or refused by whoever sent it."""
    headers = {"Authorization": f"Bearer {made['secret']}"}
    async with httpx.AsyncClient(headers=headers, timeout=60, trust_env=False) as client:
        for place, file in enumerate(files):
            answer = await client.put(f"{made['addresses']['http']}{place}/{file.name}", content=file.read_bytes())
            assert answer.status_code < 500, (file.name, answer.text)
