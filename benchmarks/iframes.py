"""What the end of an encode of two hours costs: key pictures found in the bucket, and manifests written from them.

The segments are real ones, of a clip of eight seconds, under the names of all segments of two hours; the bucket is the
embedded one.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.clips import made, planned
from benchmarks.report import Result
from infra.errors import ObjectStoreError
from infra.local.preflight import free_port
from infra.s3 import S3Store
from infra.settings import S3Settings
from manifests import layout
from transcoder.describe import static_manifests
from transcoder.encoder_settings import EncoderSettings
from transcoder.iframes import find_iframes, shown_in_trick_play
from transcoder.measured import IFrame, Measured, RenditionSizes
from transcoder.video import encode_video
from transcoder.windows import VIDEO, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.ports import ObjectBody
    from manifests.layout import RenditionId
    from transcoder.plan import Plan

HOURS, QUICK_HOURS = 2, 0.05
_SEGMENT_S = 4
_AT_ONCE = 16


class CountingStore(S3Store):
    reads = fetched = 0

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> ObjectBody:
        body = await super().get(key, start=start, length=length)
        self.reads, self.fetched = self.reads + 1, self.fetched + body.length
        return body


@contextmanager
def _bucket(folder: Path) -> Iterator[S3Settings]:
    port, key = free_port(), "benchmark"
    environment = {**os.environ, "NANIO_ACCESS_KEY": key, "NANIO_SECRET_KEY": key}
    argv = [sys.executable, "-m", "infra.local.s3", "--data-dir", str(folder), "--port", str(port)]
    server = subprocess.Popen(argv, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield S3Settings(
            bucket="channel", endpoint_url=f"http://127.0.0.1:{port}", access_key_id=key, secret_access_key=key
        )
    finally:
        server.terminate()
        server.wait()


async def _segments(plan: Plan, clip: Path) -> dict[RenditionId, bytes]:
    """The first segment of each rung."""
    found: dict[RenditionId, bytes] = {}

    async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
        if number == 0:
            found[rendition] = body

    settings = EncoderSettings(preset="superfast")
    await encode_video(plan, Window(track=VIDEO, first=0, count=1), source=clip, sink=sink, settings=settings)
    return found


def _longer(plan: Plan, segments: int) -> Plan:
    assert plan.video is not None
    starts = tuple(number * plan.video.starts[1] for number in range(segments))
    return replace(plan, audio=(), video=replace(plan.video, frames=segments * plan.video.segment, starts=starts))


async def _measure(folder: Path, clip: Path, short: Plan, hours: float) -> Result:
    count = round(hours * 3600 / _SEGMENT_S)
    bodies, plan = await _segments(short, clip), _longer(short, count)
    rungs = shown_in_trick_play(plan)
    with _bucket(folder) as settings:
        store = CountingStore(settings)
        await _answering(store)
        todo = iter([(rung, number) for rung in rungs for number in range(count)])

        async def put() -> None:
            for rung, number in todo:
                await store.put(
                    layout.segment(plan.asset, rung, number), bodies[rung], content_type="video/iso.segment"
                )

        await asyncio.gather(*(put() for _ in range(_AT_ONCE)))
        wall, cpu = time.perf_counter(), time.process_time()
        found = await find_iframes(store, plan, {rung: (len(bodies[rung]),) * count for rung in rungs})
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        await store.aclose()
    return _report(plan, bodies, found, store, hours=hours, wall=wall, cpu=cpu)


async def _answering(store: S3Store) -> None:
    for _ in range(100):
        try:
            return await store.ensure_bucket()
        except ObjectStoreError:
            await asyncio.sleep(0.1)
    raise TimeoutError("the object store does not answer")


def _report(
    plan: Plan, bodies: dict[RenditionId, bytes], found: dict[RenditionId, tuple[tuple[IFrame, ...], ...]],
    store: CountingStore, *, hours: float, wall: float, cpu: float,
) -> Result:  # fmt: skip
    sizes = {
        rendition: RenditionSizes(
            init=800, segments=(len(bodies[rendition]),) * count, iframes=found.get(rendition, ())
        )
        for rendition, count in plan.renditions().items()
    }
    manifests = static_manifests(plan, Measured(asset=plan.asset, version=1, renditions=sizes))
    media = sum(sum(each.segments) for each in sizes.values())
    lists = [text.encode() for key, text in manifests.items() if key.endswith("iframes.m3u8")]
    mpd = manifests[layout.mpd(plan.asset)].encode()
    pictures = sum(len(of_segment) for rung in found.values() for of_segment in rung)
    share = 100 * sum(map(len, manifests.values())) / media
    return Result(
        name="The end of a long encode",
        question=f"Key pictures of {hours:g} h in {len(found)} rungs, found in the bucket; the manifests that follow.",
        columns=("", "count", "bytes", "seconds"),
        rows=(
            ("reads of segments", str(store.reads), f"{store.fetched:,}", f"{wall:.1f} (CPU {cpu:.1f})"),
            ("key pictures", str(pictures), "", ""),
            ("I-frame playlists", str(len(lists)), f"{sum(map(len, lists)):,}; gzip {_zipped(lists):,}", ""),
            ("MPD", "1", f"{len(mpd):,}; gzip {_zipped([mpd]):,}", ""),
            ("all manifests", str(len(manifests)), f"{sum(map(len, manifests.values())):,}", ""),
        ),
        verdict=f"`ready` comes {wall:.1f} s later for them. They add {share:.2f} % to the segments.",
        numbers={"reads": store.reads, "fetched": store.fetched, "wall_s": wall, "cpu_s": cpu, "pictures": pictures},
    )


def _zipped(bodies: list[bytes]) -> int:
    return sum(len(gzip.compress(body)) for body in bodies)


def run(*, quick: bool = False) -> Result:
    with tempfile.TemporaryDirectory(prefix="bench-iframes-") as folder:
        clip = made(Path(folder), seconds=2 * _SEGMENT_S)
        return asyncio.run(_measure(Path(folder), clip, planned(clip), QUICK_HOURS if quick else HOURS))
