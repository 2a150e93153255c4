"""A clip through the workers: what is taken over, what is encoded, and how it sounds."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest

from infra.ports import Level
from manifests import layout
from manifests.layout import AssetId
from tests.transcoder.house import ASSET, House, make_clip
from transcoder import clip_segments, window_work
from transcoder.clip_plan import clip_of_frames
from transcoder.facts import find_plan, read_ready, write_plan
from transcoder.ffmpeg import ffmpeg_path
from transcoder.publish import key_of
from transcoder.remaining import expected
from transcoder.sources.pieces import find_source, write_source
from transcoder.windows import index_task, run_task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from typing import Any

    from infra.redis_cache import RedisCache
    from transcoder.plan import Plan

CLIP = AssetId("cut")
FIRST, STOP = 163, 401
"""Of 25 frames/s in GOPs of 50: both inside of one."""


@pytest.fixture
async def house(tmp_path: Path, cache: RedisCache, eventually: Callable[..., Awaitable[None]]) -> House:
    """An asset that is ready."""
    house = House(tmp_path / "sources", cache=cache)
    source = make_clip(tmp_path / "source.mp4", ffmpeg_path(), seconds=18)
    await house.upload(source.read_bytes())
    await house.jobs.enqueue(index_task(ASSET, 1))
    async with house.working():
        await eventually(house.ready, 90)
    return house


async def cut(house: House, frames: range) -> Plan:
    above = await find_plan(house.store, ASSET, 1)
    source = await find_source(house.store, ASSET, 1)
    assert above is not None
    assert source is not None
    await write_source(house.store, CLIP, 1, source)
    return await write_plan(house.store, clip_of_frames(above, frames, asset=CLIP, version=1))


async def test_a_clip_encodes_its_edges_and_takes_over_the_rest(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., Awaitable[None]]
) -> None:
    encoded: list[int] = []
    encode: Callable[..., Awaitable[None]] = clip_segments.encode_video

    async def edges(plan: Plan, *arguments: Any, **options: Any) -> None:
        assert plan.video is not None
        encoded.extend([plan.video.frames] * len(plan.video.rungs))
        await encode(plan, *arguments, **options)

    async def ordinary(*_: Any, **__: Any) -> None:
        raise AssertionError("nothing is left for the ordinary encode")

    monkeypatch.setattr(clip_segments, "encode_video", edges)
    monkeypatch.setattr(window_work, "encode_video", ordinary)
    plan = await cut(house, range(FIRST, STOP))
    await house.jobs.enqueue(index_task(CLIP, 1))

    async def ready() -> bool:
        return await read_ready(house.store, CLIP, 1) is not None

    async with house.working():
        await eventually(ready, 60)
    assert plan.video is not None
    rungs = len(plan.video.rungs)
    assert sorted(encoded) == sorted([STOP - 400] * rungs + [200 - FIRST] * rungs)
    assert await sound(house, plan, tmp_path) <= 1


async def test_whoever_waits_for_a_segment_of_a_clip_gets_the_parents(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ordinary(*_: Any, **__: Any) -> None:
        raise AssertionError("it was there")

    monkeypatch.setattr(window_work, "encode_video", ordinary)
    monkeypatch.setattr(clip_segments, "encode_video", ordinary)
    plan = await cut(house, range(100, 400))
    assert plan.video is not None
    rung = plan.video.rungs[0].id
    await house.handle(run_task(CLIP, 1, rung, 1, Level.JUST_IN_TIME))
    found = {stat.key async for stat in house.store.list(layout.media_prefix(CLIP))}
    assert found >= {key_of(CLIP, rung, None), key_of(CLIP, rung, 1)}


async def test_it_is_made_although_the_parent_is_gone(house: House, eventually: Callable[..., Awaitable[None]]) -> None:
    plan = await cut(house, range(FIRST, 210))
    for prefix in (layout.media_prefix(ASSET), layout.work_prefix(ASSET)):
        await house.store.delete([stat.key async for stat in house.store.list(prefix)])
    await house.jobs.enqueue(index_task(CLIP, 1))

    async def ready() -> bool:
        return await read_ready(house.store, CLIP, 1) is not None

    async with house.working():
        await eventually(ready, 90)
    for name in expected(plan):
        assert await house.store.head(key_of(CLIP, *name)) is not None


async def sound(house: House, plan: Plan, folder: Path) -> int:
    """By how many samples the clip's sound is off its parent's, by the best match of the two."""
    above = await find_plan(house.store, ASSET, 1)
    assert above is not None
    assert plan.video is not None
    whole, part = [await _samples(house, each, folder) for each in (above, plan)]
    begin, window = round(FIRST / plan.video.rate * 48000), slice(48000, 96000)
    wanted = part[window]
    offsets = range(-480, 481)
    errors = [
        np.abs(whole[begin + 48000 + off : begin + 96000 + off] - wanted).mean() for off in offsets
    ]  # fmt: skip
    return abs(offsets[int(np.argmin(errors))])


async def _samples(house: House, plan: Plan, folder: Path) -> np.ndarray:
    track = plan.audio[0]
    body = b"".join(
        [await house.store.read(key_of(plan.asset, track.id, number)) for number in (None, *range(track.segments))]
    )
    path = folder / f"{plan.asset}.mp4"
    path.write_bytes(body)
    return _decoded(path)


def _decoded(path: Path) -> np.ndarray:
    command = [ffmpeg_path(), "-v", "error", "-i", path, "-ac", "1", "-ar", "48000", "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.float32)
