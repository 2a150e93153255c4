"""Seeks into what is not encoded yet: how long a viewer waits, and what his seeks cost the whole encode."""

from __future__ import annotations

import asyncio
import json
import random
import resource
import statistics
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import httpx

from benchmarks.clips import looped
from benchmarks.report import Result
from infra.local.preflight import free_port
from manifests import layout
from manifests.layout import AssetId, RenditionId
from tests.e2e.stack import Stack, running, until
from transcoder import plan as plans
from transcoder.audio import encode_audio
from transcoder.encoder_settings import EncoderSettings
from transcoder.video import encode_video
from transcoder.windows import VIDEO, Window, tracks

if TYPE_CHECKING:
    from transcoder.plan import Plan

CLIP, TIMES = "flutter_butterfly_720p30_aac.mp4", 20
SEEKS = 12
IDLE_SEEKS = 16
AHEAD = 3
_PAUSE_S = 0.5
"""Between two looks: to look costs processor time too, on the machine that is measured."""


class Bucket:
    """The embedded stack's bucket, as its operator sees it."""

    def __init__(self, stack: Stack) -> None:
        settings = json.loads((stack.home / "stack.json").read_text())
        self._name = settings.get("CHANNEL_S3_BUCKET", "channel")
        self._client = boto3.client(
            "s3", endpoint_url=settings["CHANNEL_S3_ENDPOINT_URL"], region_name="us-east-1",
            aws_access_key_id=settings["CHANNEL_S3_ACCESS_KEY_ID"],
            aws_secret_access_key=settings["CHANNEL_S3_SECRET_ACCESS_KEY"],
        )  # fmt: skip

    def read(self, key: str) -> bytes:
        body: bytes = self._client.get_object(Bucket=self._name, Key=key)["Body"].read()
        return body

    def keys(self, prefix: str) -> set[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix)
        return {each["Key"] for page in pages for each in page.get("Contents", ())}

    def delete(self, *keys: str) -> None:
        for key in keys:
            self._client.delete_object(Bucket=self._name, Key=key)


def _encoders_cpu(stack: Stack) -> float:
    """CPU seconds of all processes that the worker has started and seen end."""
    spent = stack.child("worker").cpu_times()
    return spent.children_user + spent.children_system


def _largest(plan: Plan) -> RenditionId:
    assert plan.video is not None
    return max(plan.video.rungs, key=lambda rung: rung.width * rung.height).id


def wait_for_segment(stack: Stack, asset: str, rendition: str, number: int) -> float:
    """Seconds from the request of a segment to its last byte."""
    with httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as viewer:
        begun = time.perf_counter()
        while viewer.get(f"/v/{asset}/{rendition}/{number}.m4s").status_code != 200:
            pass
        return time.perf_counter() - begun


def _encode(stack: Stack, bucket: Bucket, source: Path, *, seeks: int) -> tuple[str, float, list[float]]:
    """The asset, the encoders' CPU seconds for it, and the waits of a viewer who jumps about meanwhile."""
    before = _encoders_cpu(stack)
    asset = stack.upload(source)
    until(lambda: layout.plan(AssetId(asset), 1) in bucket.keys(layout.plan(AssetId(asset), 1)), "there is a plan")
    plan = plans.load(bucket.read(layout.plan(AssetId(asset), 1)))
    waits: list[float] = []
    rendition, order = _largest(plan), random.Random(7)
    while len(waits) < seeks and stack.asset(asset)["state"] != "ready":
        there = bucket.keys(layout.media_prefix(AssetId(asset), rendition))
        numbers = range(plan.renditions()[rendition])
        missing = [n for n in numbers if layout.segment(AssetId(asset), rendition, n) not in there]
        if not missing:
            break
        waits.append(wait_for_segment(stack, asset, rendition, order.choice(missing)))
    while stack.asset(asset)["state"] != "ready":
        time.sleep(_PAUSE_S)
    return asset, _encoders_cpu(stack) - before, waits


def _idle_waits(stack: Stack, bucket: Bucket, asset: str) -> list[float]:
    """Waits with nothing else to do: segments of the finished asset are taken away, and made again when asked for."""
    plan = plans.load(bucket.read(layout.plan(AssetId(asset), 1)))
    rendition, waits = _largest(plan), list[float]()
    # Apart from each other: what a run has just made counts as being made for two seconds more.
    places = list(range(8, plan.renditions()[rendition] - AHEAD, AHEAD))
    random.Random(11).shuffle(places)
    for first in islice(cycle(places), IDLE_SEEKS):
        numbers = range(first, first + AHEAD)
        bucket.delete(*(layout.segment(AssetId(asset), rendition, number) for number in numbers))
        waits.append(wait_for_segment(stack, asset, rendition, first))
        for number in numbers:
            wait_for_segment(stack, asset, rendition, number)
    return waits


async def _one_pass(plan: Plan, source: Path) -> float:
    """CPU seconds of one process for the picture and one for each sound track, from start to end."""

    async def sink(_rendition: RenditionId, _number: int | None, _body: bytes) -> None:
        pass

    settings = EncoderSettings(wall_s=3600)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for track, segments in tracks(plan).items():
        window = Window(track=track, first=0, count=segments)
        if track == VIDEO:
            await encode_video(plan, window, source=source, sink=sink, settings=settings)
        else:
            sound = next(each for each in plan.audio if each.id == track)
            await encode_audio(plan, sound, window, source=source, sink=sink, settings=settings)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _percentile(waits: list[float], share: float) -> float:
    return sorted(waits)[min(len(waits) - 1, int(share * len(waits)))]


def run() -> Result:
    fixed, patient = {"default": "per_title = false\n"}, {"CHANNEL_SEGMENT_WAIT_S": "20"}
    with tempfile.TemporaryDirectory() as name:
        source = looped(CLIP, Path(name), times=TIMES)
        with running(Stack(home=Path(name) / "home", port=free_port(), environment=patient, profiles=fixed)) as stack:
            bucket = Bucket(stack)
            asset, quiet, _ = _encode(stack, bucket, source, seeks=0)
            _, sought, busy = _encode(stack, bucket, source, seeks=SEEKS)
            idle = _idle_waits(stack, bucket, asset)
            plan = plans.load(bucket.read(layout.plan(AssetId(asset), 1)))
        one = asyncio.run(_one_pass(plan, source))
    rows = [
        (what, f"{len(waits)}", f"{statistics.median(waits):.2f} s", f"{_percentile(waits, 0.95):.2f} s")
        for what, waits in (("nothing else to do", idle), ("while the rest is encoded", busy))
    ]
    return Result(
        name="Seeks into what is not encoded yet",
        question=f"{CLIP} × {TIMES} ({float(plan.duration):.0f} s, 720p): a viewer asks for a random segment of the "
        "largest rung that does not exist; from request to last byte.",
        columns=("", "seeks", "p50", "p95"),
        rows=tuple(rows),
        verdict=f"Target: p95 ≤ 1.0 s on two cores. CPU of all encoders: one process from start to end {one:.0f} s; "
        f"in windows {quiet:.0f} s (× {quiet / one:.2f}); with {len(busy)} seeks {sought:.0f} s (× {sought / one:.2f}; "
        "target ≤ 1.10).",
        numbers={"idle": idle, "busy": busy, "cpu": {"one": one, "windows": quiet, "seeks": sought}},
    )
