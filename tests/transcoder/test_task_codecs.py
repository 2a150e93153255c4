"""An asset in three codecs, from profile to end: every segment is made, H.264 first, and any can be asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.ports import Level
from manifests import layout
from manifests.layout import RenditionId
from tests.transcoder.house import ASSET, House, make_clip
from transcoder.facts import write_profile
from transcoder.profile import DEFAULT, Codec, row
from transcoder.remaining import expected, present
from transcoder.static_manifests import enlist
from transcoder.windows import index_task, run_task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from infra.redis_cache import RedisCache

AV1, HEVC = RenditionId("v90-av1-1"), RenditionId("v90-hevc-1")


@pytest.fixture
async def house(tmp_path: Path, ffmpeg: str, cache: RedisCache) -> House:
    house = House(tmp_path / "sources", cache=cache)
    steps = (replace(row(90, 100, 25), codecs=tuple(Codec)),)
    profile = replace(DEFAULT, name="small", codecs=tuple(Codec), ladder=steps, gop=1, segment=2)
    await write_profile(house.store, ASSET, 1, profile)
    await house.upload(make_clip(tmp_path / "clip.mp4", ffmpeg, seconds=9).read_bytes())
    await house.handle(index_task(ASSET, 1))
    return house


async def test_all_codecs_are_made_and_h264_first(house: House, eventually: Callable[..., Awaitable[None]]) -> None:
    async with house.working():
        await eventually(house.ready, timeout=60)
    plan = await house.plan()
    assert plan.video is not None
    assert (plan.video.gop, plan.video.segment) == (24, 48), "even, and as near to a second as that allows"
    assert set(await present(house.store, plan)) == expected(plan)
    heard = [rendition for rendition, number in house.heard_of("segment") if number is not None]
    opening = heard[: min(heard.index(AV1), heard.index(HEVC))]
    assert RenditionId("v90-1") in opening
    await enlist(house.store, ASSET, 1)
    static = (await house.store.read(layout.multivariant(ASSET))).decode()
    assert all(f'CODECS="{rung.codecs},' in static for rung in plan.video.rungs)


@pytest.mark.parametrize("rendition", [AV1, HEVC])
async def test_any_codec_can_be_asked_for_just_in_time(house: House, rendition: RenditionId) -> None:
    plan = await house.plan()
    await house.handle(run_task(ASSET, 1, rendition, 2, Level.JUST_IN_TIME))
    made = {name for name in await present(house.store, plan) if name[0] == rendition}
    assert made == {(rendition, None), (rendition, 2), (rendition, 3), (rendition, 4)}
