"""Viewers who fetch all that they are told of, by two APIs, while faults strike at random: nothing named is missing,
nothing steps back, nothing changes.

`make soak-live` has ten thousand polls; CHANNEL_SOAK_SEED makes its faults again, as far as a machine's timing allows.
A refused connection while a process is away is no fault, and 503 with Retry-After is none; every 404 is one.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import anyio
import pytest

from infra.errors import ObjectStoreError
from manifests import hls, layout
from manifests.hls import MediaPlaylist
from manifests.layout import ChannelId, RenditionId
from tests.conftest import ValkeyServer
from tests.e2e import live
from tests.e2e.soak_live.director import Director
from tests.e2e.soak_live.faults import FaultKind
from tests.e2e.soak_live.poller import Poller
from tests.e2e.soak_live.record import Record
from tests.e2e.soak_live.stage import APIS, LiveStage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    import httpx

    Eventually = Callable[..., Awaitable[None]]

POLLS: Final = int(os.environ.get("CHANNEL_SOAK_POLLS") or 1000)
SEED: Final = int(os.environ.get("CHANNEL_SOAK_SEED") or 2026)
_PAUSE_S: Final = float(os.environ.get("CHANNEL_SOAK_PAUSE_S") or 2.5)
_POLLS: Final = ("blocking", "plain", "report", "mpd")
_WINDOW_S: Final = 30
_ARENA: Final = ChannelId("arena")
_SHOWN: Final = 20
_ALONE_S: Final = 4.0


@pytest.fixture
async def stage(
    tmp_path: Path, ffmpeg: str, free_port: Callable[[], int], eventually: Eventually
) -> AsyncIterator[LiveStage]:
    folder = tmp_path / "valkey"
    folder.mkdir()
    valkey = ValkeyServer(folder, append_only=True, fsync="everysec")
    valkey.start()
    made = LiveStage(tmp_path / "home", valkey=valkey, ffmpeg=ffmpeg, free_port=free_port, eventually=eventually)
    try:
        async with made.running():
            yield made
    finally:
        valkey.kill()


async def begun(stage: LiveStage, client: httpx.AsyncClient) -> str:
    """A channel that waits for its publisher; where it is published to."""
    said = {"title": "Arena", "id": _ARENA, "dvr_s": _WINDOW_S}
    (await client.post("/api/channels", json=said)).raise_for_status()
    (await client.post(f"/api/channels/{_ARENA}/start")).raise_for_status()
    secret = (await client.post(f"/api/channels/{_ARENA}/keys", json={})).raise_for_status().json()["secret"]
    return f"rtmp://127.0.0.1:{stage.ports['rtmp']}/live/{secret}"


@pytest.mark.timeout(120 + POLLS // 5)
async def test_random_faults_while_it_is_watched(stage: LiveStage, ffmpeg: str, eventually: Eventually) -> None:
    print(f"\nCHANNEL_SOAK_SEED={SEED} CHANNEL_SOAK_POLLS={POLLS}")  # noqa: T201 - how to make it again
    record, enough = Record(), anyio.Event()
    director = Director(stage, record, seed=SEED, pause_s=_PAUSE_S)
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(stage.client(name)) for name in APIS]
        address = await begun(stage, clients[0])
        await stack.enter_async_context(live.publishing(ffmpeg, address, size="64x36"))
        top = f"/live/{_ARENA}/index.m3u8"
        mpd = f"/live/{_ARENA}/manifest.mpd"
        for client in clients:
            await live.until_live(client, mpd)
        paths = [urlsplit(url).path for url in await live.renditions(clients[0], stage.url(APIS[0]) + top)]
        began = time.monotonic()
        async with anyio.create_task_group() as fetching, anyio.create_task_group() as watching:
            for place, path in enumerate(paths):
                for order in (clients, clients[::-1]):
                    watching.start_soon(Poller(record, order, fetching).by_parts, path, enough)
                watching.start_soon(Poller(record, clients[:: 1 - 2 * place], fetching).by_segments, path, enough)
            watching.start_soon(Poller(record, clients, fetching).by_mpd, mpd, enough)
            watching.start_soon(in_the_bucket, stage, record, paths, enough)
            watching.start_soon(director.run, enough)
            await eventually(lambda: is_enough(record, director) or len(record.faults) > _SHOWN, timeout=60 + POLLS)
            enough.set()
        report(record, director, time.monotonic() - began)
        assert record.faults[:_SHOWN] == []
        await stage.apis_answer()  # one may have been killed a moment ago
        await ends_whole(stage, clients, record, paths, eventually)


async def test_one_that_stands_by_takes_over_and_the_one_that_was_paused_writes_nothing(
    stage: LiveStage, ffmpeg: str, eventually: Eventually
) -> None:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(stage.client(APIS[0]))
        address = await begun(stage, client)
        other = address.replace(str(stage.ports["rtmp"]), str(stage.ports["rtmp of standby"]))
        await stack.enter_async_context(live.publishing(ffmpeg, address, size="64x36"))
        top = f"/live/{_ARENA}/index.m3u8"
        await live.until_live(client, top)
        stage.start("live1")
        await stack.enter_async_context(live.publishing(ffmpeg, other, size="64x36"))
        viewer = live.Viewer(client=client, url=(await live.renditions(client, stage.url(APIS[0]) + top))[0])
        await viewer.watch(6)
        paused = stage.processes["live"]
        paused.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        await viewer.watch(2)  # one may have been made before
        print(f"taken over after {time.monotonic() - began:.1f} s")  # noqa: T201
        await viewer.watch(6)
        paused.send_signal(signal.SIGCONT)
        await eventually(lambda: paused.poll() is not None)
        assert paused.returncode == os.EX_TEMPFAIL
        await viewer.watch(6)
        # What waited for the one that stood still is told to ask again; nothing that is named is missing or changes.
        assert [each for each in viewer.refused if "m4s" in each or "mp4" in each] == []
        assert stage.processes["live1"].poll() is None


def is_enough(record: Record, director: Director) -> bool:
    """Every kind of fault strikes once before any strikes twice."""
    return polls(record) >= POLLS and director.struck.total() >= len(FaultKind)


def polls(record: Record) -> int:
    return sum(record.counts[asks] for asks in _POLLS)


async def in_the_bucket(stage: LiveStage, record: Record, paths: list[str], enough: anyio.Event) -> None:
    """Whoever reads the bucket alone finds all that he is told of: what is named was there before."""
    seen: set[str] = set()
    while not enough.is_set():
        for path in paths:
            try:
                await _look(stage, record, path, seen)
            except ObjectStoreError:
                record.counts["bucket away"] += 1
        await anyio.sleep(0.3)


async def _look(stage: LiveStage, record: Record, path: str, seen: set[str]) -> None:
    folder = path.lstrip("/").rpartition("/")[0]
    found = hls.parse((await stage.store.read(f"{folder}/index.m3u8")).decode())
    assert isinstance(found, MediaPlaylist)
    assert found.map is not None
    record.counts["bucket playlists"] += 1
    for uri in (found.map.uri, *(each.uri for each in found.segments if not each.gap)):
        key = f"{folder}/{uri}"
        if key not in seen:
            seen.add(key)
            if await stage.store.head(key) is None:
                record.fault(f"the bucket's playlist names {key}, which is not there")


async def ends_whole(
    stage: LiveStage, clients: list[httpx.AsyncClient], record: Record, paths: list[str], eventually: Eventually
) -> None:
    """The event is ended; then the bucket has all that was listed last, with the bytes that were shown."""

    async def is_told(client: httpx.AsyncClient, path: str) -> bool:
        return "#EXT-X-ENDLIST" in (await client.get(path)).text

    (await clients[0].post(f"/api/channels/{_ARENA}/stop")).raise_for_status()
    for path in paths:
        for client in clients:
            await eventually(lambda client=client, path=path: is_told(client, path))
        rendition = RenditionId(path.split("/")[3])
        key = layout.live_playlist(_ARENA, rendition)
        await eventually(lambda key=key: _is_ended(stage, key))
        found = hls.parse((await clients[0].get(path)).text)
        assert isinstance(found, MediaPlaylist)
        for place, segment in enumerate(found.segments):
            if not segment.gap:
                kept = await stage.store.read(layout.live_segment(_ARENA, rendition, found.media_sequence + place))
                record.body(f"{path.rpartition('/')[0]}/{segment.uri}", kept, who="the bucket")
    assert record.faults == []


async def _is_ended(stage: LiveStage, key: str) -> bool:
    return b"#EXT-X-ENDLIST" in await stage.store.read(key)


def report(record: Record, director: Director, took_s: float) -> None:
    alone = [at for at in director.kills if not any(at < other < at + _ALONE_S for other in director.times)]
    back = sorted(_back(record.part_times, kill) for kill in alone)
    print(  # noqa: T201 - the report of the run
        f"{polls(record)} polls in {took_s:.0f} s, {dict(record.counts)}\n"
        f"{director.struck.total()} faults: {', '.join(f'{kind} {n}' for kind, n in sorted(director.struck.items()))}\n"
        f"from a kill of the live process to the next new part, where nothing else struck, s: "
        f"{', '.join(f'{each:.1f}' for each in back)}\n"
        f"{len(record.faults)} wrong"
    )
    for fault in record.faults[:_SHOWN]:
        print(fault)  # noqa: T201


def _back(part_times: list[float], kill: float) -> float:
    """What was made before the kill is seen within moments of it."""
    return min((at - kill for at in part_times if at > kill + 0.5), default=float("inf"))
