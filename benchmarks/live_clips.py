"""Clips of running channels: from the moment at which the out-point is published to a clip that plays, and to one that
is exact to the frame; by one editor, and by many at once, with the parts of all feeds that come late counted.

An editor marks an out-point that is a second ahead, asks until the clip is there, as `channel live-clip` does, plays
its first segment, waits until it is exact, deletes it, and begins again.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import httpx

from benchmarks.live.source import publishing
from benchmarks.live.watch import Watch
from benchmarks.live_latency import percentile
from benchmarks.report import Result
from benchmarks.service import await_workers, decodes, first_variant
from infra.local.preflight import free_port
from infra.tasks import end
from manifests.hls import date_time
from tests.e2e.stack import Stack, running, until

EDITORS, FEEDS, CORES = 20, 10, 10
"""What the target names, and a machine for it: with fewer cores there are as many less of both."""
LENGTH_S, QUICK_LENGTH_S = 30, 4
SECONDS, QUICK_S = 60, 10
"""Of counting parts without editors, and as long with them."""
CLIPS, QUICK_CLIPS = 10, 2
"""By the editor who has the machine for himself."""
PLAYABLE_S, EXACT_S = 1.0, 10.0
"""Targets."""

_AHEAD_S: Final = 1.0
_LOOK_S: Final = 0.25
"""Between two looks whether a clip is exact: twenty a second by each editor took a tenth of the machine."""
_PROFILE: Final = """per_title = false
ladder = [
  { height = 180, average_kbps = 300, crf = 25, frame_rate = "full" },
  { height = 360, average_kbps = 900, crf = 23, frame_rate = "full" },
]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Seconds from the publication of its out-point to its first segment, and to the exact one."""

    playable: float
    exact: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    client: httpx.AsyncClient
    channel: str
    watch: Watch
    length: float

    async def clip(self) -> Clip:
        end_s = self.watch.named[-1][0] + _AHEAD_S
        body = {"in": _date(end_s - self.length), "out": _date(end_s)}
        path = f"/api/channels/{self.channel}/clips"
        while (answer := await self.client.post(path, json=body)).status_code == 425:  # noqa: ASYNC110 - as told
            await asyncio.sleep(answer.json()["available_in_s"])
        asset = answer.raise_for_status().json()["id"]
        init, segment = await self._first_segment(asset)
        played = time.time()
        published = await self.watch.published(int(end_s * 1000) / 1000)
        await asyncio.to_thread(decodes, init + segment)
        while (seen := (await self.client.get(f"/api/assets/{asset}")).json())["version"] != 2:
            assert seen["failure"] is None, seen
            assert seen["replacement"]["failure"] is None, seen
            await asyncio.sleep(_LOOK_S)
        exact = time.time()
        (await self.client.delete(f"/api/assets/{asset}")).raise_for_status()
        return Clip(playable=played - published, exact=exact - published)

    async def _first_segment(self, asset: str) -> tuple[bytes, bytes]:
        playlist = (await self.client.get(f"/v/{asset}/index.m3u8")).raise_for_status().text
        rendition = first_variant(playlist).split("/")[0]
        (await self.client.get(f"/v/{asset}/{rendition}/index.m3u8")).raise_for_status()
        segment = (await self.client.get(f"/v/{asset}/{rendition}/0.m4s")).raise_for_status().content
        return (await self.client.get(f"/v/{asset}/{rendition}/init.mp4")).raise_for_status().content, segment

    async def work(self, seconds: float) -> list[Clip]:
        """One clip after the other, for so long; one at least."""
        made, over = [], time.time() + seconds
        while not made or time.time() < over:
            made.append(await self.clip())
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """`calm` and `busy`: seconds from the last picture of a part to its name, without editors and with them."""

    feeds: int
    editors: int
    part: float
    alone: Sequence[Clip]
    many: Sequence[Clip]
    calm: Sequence[Sequence[float]]
    busy: Sequence[Sequence[float]]


def _date(seconds: float) -> str:
    return date_time.render(date_time.from_ms(int(seconds * 1000)))


def late(lags: Sequence[Sequence[float]], part: float) -> int:
    """Parts that came more than the length of a part later than those of their feed do."""
    return sum(lag > median(each) + part for each in lags for lag in each)


async def measured(stack: Stack, feeds: Sequence[str], *, editors: int, quick: bool) -> Seen:
    length, seconds = (QUICK_LENGTH_S, QUICK_S) if quick else (LENGTH_S, SECONDS)
    headers = {"Authorization": f"Bearer {stack.token}"}
    async with httpx.AsyncClient(base_url=stack.url, headers=headers, timeout=60, trust_env=False) as client:
        watches = []
        for name in feeds:
            playlist = (await client.get(f"/live/{name}/index.m3u8")).raise_for_status().text
            watches.append(Watch(client=client, url=f"/live/{name}/{first_variant(playlist)}"))
        watching = [asyncio.create_task(watch.run()) for watch in watches]
        try:
            begun = time.time()
            for watch in watches:
                await watch.published(begun + length)
            begun = time.time()
            await asyncio.sleep(seconds)
            calm = [watch.lags(begun) for watch in watches]
            desks = [
                Editor(
                    client=client, channel=feeds[place % len(feeds)], watch=watches[place % len(feeds)], length=length
                )
                for place in range(editors)
            ]
            alone = [await desks[0].clip() for _ in range(QUICK_CLIPS if quick else CLIPS)]
            begun = time.time()
            made = await asyncio.gather(*(desk.work(seconds) for desk in desks))
            busy = [watch.lags(begun) for watch in watches]
        finally:
            await end(*watching)
    many = [clip for each in made for clip in each]
    return Seen(
        feeds=len(feeds), editors=editors, part=watches[0].part, alone=alone, many=many, calm=calm, busy=busy
    )  # fmt: skip


def run(*, quick: bool = False) -> Result:
    share = min(1.0, (os.cpu_count() or 1) / CORES)
    feeds = [f"feed{number}" for number in range(max(1, round(FEEDS * share)))]
    rtmp = free_port()
    with tempfile.TemporaryDirectory() as name, ExitStack() as left:
        ways = {"CHANNEL_RTMP_PORT": str(rtmp)}
        stack = Stack(home=Path(name), port=free_port(), environment=ways, profiles={"bench": _PROFILE})
        left.enter_context(running(stack))
        await_workers(stack, 1)
        client = left.enter_context(stack.client())
        addresses = []
        for feed in feeds:
            client.post("/api/channels", json={"title": feed, "id": feed, "profile": "bench"}).raise_for_status()
            client.post(f"/api/channels/{feed}/start").raise_for_status()
            secret = client.post(f"/api/channels/{feed}/keys", json={}).raise_for_status().json()["secret"]
            addresses.append(f"rtmp://127.0.0.1:{rtmp}/live/{secret}")
        left.enter_context(publishing(*addresses))
        for feed in feeds:
            until(lambda url=f"/live/{feed}/index.m3u8": client.get(url).status_code == 200, f"{feed} is live")
        seen = asyncio.run(measured(stack, feeds, editors=max(1, round(EDITORS * share)), quick=quick))
    return told(seen, length=QUICK_LENGTH_S if quick else LENGTH_S)


def told(seen: Seen, *, length: float) -> Result:
    rows = [
        _row("one editor", seen.alone, ""),
        _row(f"{seen.editors} editors", seen.many, _parts(seen.busy, seen.part)),
        ("no editor", "–", "–", "–", "–", _parts(seen.calm, seen.part)),
    ]
    p95, slowest = _p([clip.playable for clip in seen.alone], 0.95), max(clip.exact for clip in seen.alone)
    return Result(
        name="Clips of running channels",
        question=f"{seen.feeds} feeds of 360p in two rungs, clips of {length:g} s. Scale: {seen.feeds} of {FEEDS} "
        f"feeds, {seen.editors} of {EDITORS} editors, on {os.cpu_count()} cores that publish and watch too. Times from "
        "the part that ends with the out-point. A part is late that comes its length after what others do.",
        columns=("", "clips", "playable p50", "p95", "exact p50, p95", "late parts"),
        rows=tuple(rows),
        verdict=f"Alone: playable within {p95:.2f} s (p95; target {PLAYABLE_S:g} s), exact within {slowest:.1f} s "
        f"(target {EXACT_S:g} s). Late parts: {late(seen.busy, seen.part)} with editors, "
        f"{late(seen.calm, seen.part)} without.",
        numbers={
            "alone": [[clip.playable, clip.exact] for clip in seen.alone],
            "many": [[clip.playable, clip.exact] for clip in seen.many],
            "late": {"busy": late(seen.busy, seen.part), "calm": late(seen.calm, seen.part)},
        },
    )


def _row(name: str, clips: Sequence[Clip], parts: str) -> tuple[str, ...]:
    playable, exact = [clip.playable for clip in clips], [clip.exact for clip in clips]
    return (
        name, str(len(clips)), f"{_p(playable, 0.5):.2f} s", f"{_p(playable, 0.95):.2f} s",
        f"{_p(exact, 0.5):.1f} s, {_p(exact, 0.95):.1f} s", parts,
    )  # fmt: skip


def _p(values: Sequence[float], share: float) -> float:
    return percentile(values, share)


def _parts(lags: Sequence[Sequence[float]], part: float) -> str:
    every = [lag for each in lags for lag in each]
    return f"{late(lags, part)} of {len(every)} (p99 {_p(every, 0.99):.2f} s)"
