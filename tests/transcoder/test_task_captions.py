"""The task that looks for captions: once, whatever comes between, and never in the way of the asset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.ports import Attempt, Level
from manifests import layout
from tests.transcoder.house import ASSET, House
from transcoder import signals
from transcoder.captions import inside
from transcoder.captions.found import find_found
from transcoder.facts import read_failure, write_profile
from transcoder.profile import Profile
from transcoder.sandbox import Limits
from transcoder.tasks import dead
from transcoder.windows import captions_task, index_task, opening, window_task

if TYPE_CHECKING:
    from pathlib import Path

    from infra.redis_cache import RedisCache


@pytest.fixture
async def house(tmp_path: Path, media: Path, cache: RedisCache) -> House:
    house = House(tmp_path / "sources", cache=cache)
    await house.upload((media / "odd" / "ax_sample_with_srt.mkv").read_bytes())
    return house


async def test_it_is_asked_for_after_the_first_segments_and_done_once(house: House) -> None:
    await house.handle(index_task(ASSET, 1))
    await house.handle(window_task(ASSET, 1, opening(await house.plan())[0], Level.INDEX))
    assert f"{ASSET}/1/captions" in await house.jobs.pending(ASSET)
    async with house.cache.subscribe(signals.EVERYTHING) as messages:
        await house.handle(captions_task(ASSET, 1))
        assert signals.load((await anext(messages))[1]).what == "captions"
    found = await find_found(house.store, ASSET, 1)
    assert found is not None
    assert [cue.text for cue in found.tracks[0].cues] == ["This is the first subtitle."]
    written = await house.store.head(layout.captions_found(ASSET, 1))
    await house.handle(captions_task(ASSET, 1))
    assert await house.store.head(layout.captions_found(ASSET, 1)) == written


async def test_a_profile_without_captions_takes_none_over(house: House) -> None:
    await write_profile(house.store, ASSET, 1, Profile(captions=False))
    await house.handle(index_task(ASSET, 1))
    await house.handle(captions_task(ASSET, 1))
    found = await find_found(house.store, ASSET, 1)
    assert found is not None
    assert found.tracks == ()


async def test_a_file_that_takes_too_long_is_not_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.handle(index_task(ASSET, 1))
    monkeypatch.setattr(inside, "_LIMITS", Limits(wall_s=0.01))
    await house.handle(captions_task(ASSET, 1))
    found = await find_found(house.store, ASSET, 1)
    assert found is not None
    assert (found.tracks, len(found.notes)) == ((), 1)


async def test_an_asset_never_fails_for_its_captions(house: House) -> None:
    await house.handle(index_task(ASSET, 1))
    attempt = Attempt(task=captions_task(ASSET, 1), number=5, last=True)
    await dead(house.parts, attempt, RuntimeError("the child crashed"))
    assert await read_failure(house.store, ASSET, 1) is None
    found = await find_found(house.store, ASSET, 1)
    assert found is not None
    assert found.notes
