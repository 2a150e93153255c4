"""From the end of an event to its asset: the very segments that were shown, in every rendition, at once."""

from __future__ import annotations

import hashlib
import logging
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import httpx
import pytest

from manifests import hls
from tests.e2e import live
from tests.e2e.stack import Stack, running
from tests.transcoder.test_iframes import nal_types, pictures_of
from tests.waiting import eventually
from transcoder.boxes import read_moof
from transcoder.live.recording.taking import samples_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from manifests.hls import MediaPlaylist

log = logging.getLogger(__name__)

_RATE = 25
_TICKS = {"live": 90_000 // _RATE, "asset": 12_800 // _RATE, "sound": 1024}


@pytest.fixture(scope="module")
def on_air(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Stack]:
    ways = {"CHANNEL_RTMP_PORT": str(free_port()), "CHANNEL_ENCODE_WALL_S": "60"}
    with running(Stack(home=tmp_path_factory.mktemp("rec"), port=free_port(), environment=ways)) as started:
        yield started


@pytest.fixture
async def client(on_air: Stack) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {on_air.token}"}
    async with httpx.AsyncClient(base_url=on_air.url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


async def playlist(client: httpx.AsyncClient, url: str) -> MediaPlaylist:
    found = hls.parse((await client.get(url)).raise_for_status().text)
    assert isinstance(found, hls.MediaPlaylist)
    return found


async def samples(client: httpx.AsyncClient, url: str, *, ticks: int) -> list[str]:
    """Digests of the coded pictures, or AAC frames, of all that a playlist names."""
    found: list[str] = []
    for segment in (await playlist(client, url)).segments:
        body = (await client.get(urljoin(url, segment.uri))).raise_for_status().content
        found += [
            hashlib.sha256(frame.body).hexdigest()[:12] for _, frame in sorted(samples_of(body, sample=ticks).items())
        ]
    return found


async def key_pictures(client: httpx.AsyncClient, ffmpeg: str, url: str, folder: Path) -> list[str]:
    """Digests of what the I-frame playlists of a presentation show: each range is one IDR picture, decoded alone, and
    its segment begins with it."""
    multivariant = hls.parse((await client.get(url)).raise_for_status().text)
    assert isinstance(multivariant, hls.MultivariantPlaylist)
    (variant,) = multivariant.iframe_variants
    address = urljoin(url, variant.uri)
    listed = await playlist(client, address)
    assert (listed.iframes_only, listed.ended) == (True, True)
    assert listed.map is not None
    init = (await client.get(urljoin(address, listed.map.uri))).raise_for_status().content
    digests, sizes = [], []
    for segment in listed.segments:
        assert segment.byte_range is not None
        first, last = segment.byte_range.start, segment.byte_range.end - 1
        answer = await client.get(urljoin(address, segment.uri), headers={"Range": f"bytes={first}-{last}"})
        assert (answer.status_code, answer.content[4:8]) == (206, b"moof")
        assert nal_types(answer.content[read_moof(answer.content).data_offset :]) == [5]
        alone = folder / "picture.mp4"
        alone.write_bytes(init + answer.content)
        (digest,) = pictures_of(ffmpeg, alone)
        digests.append(digest)
        sizes.append(len(answer.content))
    seconds = float(sum(segment.duration for segment in listed.segments))
    assert variant.average_bandwidth == pytest.approx(8 * sum(sizes) / seconds, abs=1)
    assert variant.bandwidth >= 8 * max(sizes) / float(listed.segments[0].duration) - 1
    return digests


async def test_an_event_is_an_asset_when_it_ends(
    on_air: Stack, client: httpx.AsyncClient, ffmpeg: str, tmp_path: Path
) -> None:
    (await client.post("/api/channels", json={"title": "Arena", "id": "arena"})).raise_for_status()
    (await client.post("/api/channels/arena/start")).raise_for_status()
    secret = (await client.post("/api/channels/arena/keys", json={})).raise_for_status().json()["secret"]
    url = f"{on_air.url}/live/arena/index.m3u8"
    address = f"rtmp://127.0.0.1:{on_air.environment['CHANNEL_RTMP_PORT']}/live/{secret}"
    async with live.publishing(ffmpeg, address, size="160x90", rate=_RATE):
        await live.until_live(client, url)
        watched = await live.renditions(client, url)
        viewer = live.Viewer(client=client, url=watched[0])
        await viewer.watch(16)
    await viewer.watch(9)  # of slate, which is recorded as it was shown
    async with live.publishing(ffmpeg, address, size="160x90", rate=_RATE):
        await viewer.watch(9)
    (await client.post("/api/channels/arena/stop")).raise_for_status()
    stopped = time.monotonic()

    async def recorded() -> Any:
        channel = (await client.get("/api/channels/arena")).json()
        return channel["recording"] is not None and (await client.get(f"/api/assets/{channel['recording']}")).json()[
            "state"
        ] in ("playable", "ready")

    await eventually(recorded)
    log.info("from its end to its asset: %.2f s", time.monotonic() - stopped)
    asset = (await client.get("/api/channels/arena")).json()["recording"]
    shown = f"{on_air.url}{(await client.get(f'/api/assets/{asset}')).json()['playback_url']}"
    played = await live.renditions(client, shown)
    assert len(played) == len(watched)

    # What viewers had: all of it is still there, from the beginning of the window on, and is what the asset plays.
    for before, after in zip(watched, played, strict=True):
        is_sound = "/a" in before.removeprefix(f"{on_air.url}/live/arena")
        seen = await samples(client, before, ticks=_TICKS["sound" if is_sound else "live"])
        kept = await samples(client, after, ticks=_TICKS["sound" if is_sound else "asset"])
        assert len(seen) >= len(kept) > 2 * 48
        assert seen[: len(kept)] == kept
        assert (await playlist(client, after)).ended
    (await client.post(f"/api/assets/{asset}/publish")).raise_for_status()
    whole = await live.decoded(ffmpeg, shown, seconds=3600)
    frames = len(await samples(client, played[0], ticks=_TICKS["asset"]))
    assert (whole["code"], whole["said"], len(whole["stamps"])) == (0, "", frames)
    # The channel itself is played from its beginning still, until its next event.
    again = await live.decoded(ffmpeg, url, seconds=3600)
    assert (again["code"], len(again["stamps"]) >= frames) == (0, True)
    mpd = await live.decoded(ffmpeg, shown.replace("index.m3u8", "manifest.mpd"), seconds=3600)
    assert (mpd["code"], len(mpd["stamps"])) == (0, frames)

    # Whoever scrubs sees the same key pictures, in what is live, in the slate, and in the asset once it is ready.
    scrubbed = await key_pictures(client, ffmpeg, url, tmp_path)
    assert len(scrubbed) >= 5
    assert len(set(scrubbed)) < len(scrubbed), "the slate is a still"

    cut = {"in": "0.28", "out": "2.2"}
    clip = (await client.post(f"/api/assets/{asset}/clips", json=cut)).raise_for_status().json()["id"]

    async def ready() -> bool:
        states = [(await client.get(f"/api/assets/{each}")).json()["state"] for each in (asset, clip)]
        return states == ["ready", "ready"]

    await eventually(ready)
    assert (await key_pictures(client, ffmpeg, shown, tmp_path)) == scrubbed
    (await client.post(f"/api/assets/{clip}/publish")).raise_for_status()
    part = await live.decoded(ffmpeg, shown.replace(asset, clip), seconds=3600)
    assert (part["code"], part["said"], len(part["stamps"])) == (0, "", 48)
    events = (await client.get("/api/channels/arena/recordings")).json()["events"]
    assert [(each["event"], each["assets"], each["settled"]) for each in events] == [(1, [asset], True)]

    # The channel goes: what the asset is made of does not.
    assert (await client.delete("/api/channels/arena")).status_code == 204
    assert (await live.decoded(ffmpeg, shown, seconds=3600))["stamps"] == whole["stamps"]
