"""How many feeds a machine encodes live before parts are late, and what a core does; beside it the count of admission.

Publishers send a clip that is encoded already, in a loop, so they cost next to nothing. Feed after feed is added, each
of another channel, until parts are late; the live process's own metrics say how late, and the CPU time of its tree what
it took.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx
import redis
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.clips import made, real
from benchmarks.report import Result
from benchmarks.service import cpu_of
from infra.local.preflight import free_port
from infra.local.stack import addresses
from manifests.layout import ChannelId
from tests.e2e.stack import Stack, running, until
from transcoder.ffmpeg import ffmpeg_path
from transcoder.live import board
from transcoder.live.admission import cost
from transcoder.live.event import load
from transcoder.live.settings import LiveSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psutil

CLIP: Final = "wave_croatia_1080p25_aac.mp4"
SHAPES: Final = {
    "1080p25": ("-vf", "scale=1920:1080", "-r", "25"),
    # Twice as fast, so that all of its pictures differ.
    "720p50": ("-vf", "setpts=PTS/2,scale=1280:720", "-af", "atempo=2", "-r", "50"),
}
QUICK_SHAPES: Final = {"360p25": ("-vf", "scale=640:360", "-r", "25")}
SECONDS, QUICK_S = 30, 8
_SETTLED_S, _QUICK_SETTLED_S = 10, 4
_MOST: Final = 16
LATE_S: Final = 0.3
"""The bound of the histogram next to a part's length: what takes longer has the next part behind it."""
LATE_SHARE: Final = 0.01
_DELAY: Final = "channel_live_part_delay_seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`pixels` a second of all feeds; `cores` that were busy with them; `buckets`: parts that took at most so long."""

    shape: str
    feeds: int
    pixels: int
    cores: float
    buckets: Mapping[float, float]

    @property
    def parts(self) -> float:
        return self.buckets[float("inf")]

    @property
    def late(self) -> float:
        """The share of parts that were late; all of them, if there were none."""
        return 1 - self.buckets[LATE_S] / self.parts if self.parts else 1.0

    def within(self, share: float) -> float:
        """The bound within which so many parts were there."""
        return min((bound for bound, count in self.buckets.items() if count >= share * self.parts), default=0.0)


def between(before: Mapping[float, float], after: Mapping[float, float]) -> dict[float, float]:
    """Of two looks at a histogram, what came in between."""
    return {bound: count - before.get(bound, 0) for bound, count in after.items()}


def delays(text: str) -> dict[float, float]:
    """The histogram of part delays in a page of metrics: counts by upper bound, cumulative."""
    return {
        float(sample.labels["le"]): sample.value
        for family in text_string_to_metric_families(text) if family.name == _DELAY
        for sample in family.samples if sample.name.endswith("_bucket")
    }  # fmt: skip


def clip(folder: Path, shape: str, options: tuple[str, ...]) -> Path:
    """What a venue's encoder sends."""
    path = folder / f"{shape}.flv"
    source = real(CLIP) or made(folder, seconds=8, size="1920x1080")
    subprocess.run(
        [
            ffmpeg_path(), "-nostdin", "-loglevel", "error", "-y", "-i", source, *options, "-c:v", "libx264", "-preset",
            "veryfast", "-bf", "0", "-b:v", "6M", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ar", "48000",
            path,
        ],
        check=True,
    )  # fmt: skip
    return path


def rows(
    folder: Path, shapes: Mapping[str, tuple[str, ...]], *, seconds: float, settled: float, most: int
) -> Iterator[Row]:
    rtmp, metrics = free_port(), free_port()
    environment = {
        "CHANNEL_RTMP_PORT": str(rtmp), "CHANNEL_LIVE_METRICS_PORT": str(metrics),
        # Nobody is refused: the question is what happens then.
        "CHANNEL_LIVE_CAPACITY": "1000000",
    }  # fmt: skip
    stack = Stack(
        home=folder / "home", port=free_port(), environment=environment, profiles={"default": "per_title = false\n"}
    )  # fmt: skip
    with running(stack):
        for shape, options in shapes.items():
            yield from _shape(stack, clip(folder, shape, options), shape, rtmp, metrics, (seconds, settled), most)


def _shape(
    stack: Stack, sent: Path, shape: str, rtmp: int, metrics: int, times: tuple[float, float], most: int
) -> Iterator[Row]:  # fmt: skip
    live = stack.child("live")
    with stack.client() as client, ExitStack() as left:
        pixels = 0
        for feeds in range(1, most + 1):
            channel = f"{shape}-{feeds}"
            client.post("/api/channels", json={"title": channel, "id": channel}).raise_for_status()
            client.post(f"/api/channels/{channel}/start").raise_for_status()
            secret = client.post(f"/api/channels/{channel}/keys", json={}).raise_for_status().json()["secret"]
            left.callback(client.post, f"/api/channels/{channel}/stop")
            publisher = subprocess.Popen(
                [
                    ffmpeg_path(), "-nostdin", "-loglevel", "quiet", "-re", "-stream_loop", "-1", "-i", sent,
                    "-c", "copy", "-f", "flv", f"rtmp://127.0.0.1:{rtmp}/live/{secret}",
                ]
            )  # fmt: skip
            left.callback(publisher.wait)
            left.callback(publisher.kill)
            until(lambda url=f"/live/{channel}/index.m3u8": client.get(url).status_code == 200, f"{channel} is live")
            pixels += _pixels(stack, channel)
            yield (row := _measured(live, metrics, times, shape, feeds, pixels))
            if row.late > LATE_SHARE:
                return


def _pixels(stack: Stack, channel: str) -> int:
    with redis.Redis.from_url(addresses(stack.home)["CHANNEL_REDIS_URL"]) as client:
        kept = client.get(board.event_key(ChannelId(channel)))
    assert isinstance(kept, bytes)
    return cost(load(kept))


def _measured(
    live: psutil.Process, metrics: int, times: tuple[float, float], shape: str, feeds: int, pixels: int
) -> Row:  # fmt: skip
    def look() -> tuple[float, float, dict[float, float]]:
        text = httpx.get(f"http://127.0.0.1:{metrics}/metrics", trust_env=False).raise_for_status().text
        return time.perf_counter(), cpu_of(live), delays(text)

    seconds, settled = times
    time.sleep(settled)
    begun, used, before = look()
    time.sleep(seconds)
    now, used_now, after = look()
    return Row(
        shape=shape, feeds=feeds, pixels=pixels, cores=(used_now - used) / (now - begun), buckets=between(before, after)
    )  # fmt: skip


def run(*, quick: bool = False) -> Result:
    shapes, seconds, settled = (
        (QUICK_SHAPES, QUICK_S, _QUICK_SETTLED_S) if quick else (SHAPES, SECONDS, _SETTLED_S)
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        found = list(rows(Path(name), shapes, seconds=seconds, settled=settled, most=1 if quick else _MOST))
    return Result(
        name="Feeds",
        question=f"Feeds with the default ladder until more than {LATE_SHARE:.0%} of the parts are handed out later "
        f"than {LATE_S} s after their last picture came in. {os.cpu_count()} cores, which everything else shares.",
        columns=("feed", "feeds", "Mpixel/s", "cores busy", "Mpixel/s a core", "delay p50", "p99", "late parts"),
        rows=tuple(_row(each) for each in found),
        verdict=verdict(found),
        numbers={
            f"{each.feeds} × {each.shape}": {
                **asdict(each), "buckets": {str(bound): count for bound, count in each.buckets.items()}
            } for each in found
        },
    )  # fmt: skip


def _row(row: Row) -> tuple[str, ...]:
    million = row.pixels / 1e6
    return (
        row.shape, str(row.feeds), f"{million:.0f}", f"{row.cores:.2f}", f"{million / max(row.cores, 0.01):.0f}",
        f"≤ {row.within(0.5):g} s", f"≤ {row.within(0.99):g} s", f"{row.late:.1%}",
    )  # fmt: skip


def verdict(found: list[Row]) -> str:
    """What each shape comes to, and whether admission would have let in what was not late, and refused what was."""
    capacity, cores = LiveSettings().capacity * 1_000_000, os.cpu_count() or 1
    said = []
    for shape in dict.fromkeys(each.shape for each in found):
        calm = [each for each in found if each.shape == shape and each.late <= LATE_SHARE]
        admitted = [each for each in found if each.shape == shape and each.pixels <= capacity]
        said.append(
            f"{shape}: {calm[-1].feeds if calm else 0} in time ({(calm[-1].feeds if calm else 0) / cores:g} a core), "
            f"{len(admitted)} admitted"
        )
    return (
        f"{'; '.join(said)} (CHANNEL_LIVE_CAPACITY: {capacity // cores // 1_000_000} million pixels a second a core)."
    )
