from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from infra.ports import Level
from manifests import layout
from tests.transcoder.house import ASSET, House, make_clip
from transcoder.facts import write_profile
from transcoder.per_title import sampling
from transcoder.planned import planned
from transcoder.profile import DEFAULT, Profile
from transcoder.windows import index_task, opening, window_task

if TYPE_CHECKING:
    from pathlib import Path

    from infra.ports import Task
    from infra.redis_cache import RedisCache


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> bytes:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", ffmpeg, seconds=12).read_bytes()


@pytest.mark.parametrize(
    ("profile", "asked"),
    [
        (DEFAULT, {"analyse", "captions", "loudness"}),
        (replace(DEFAULT, per_title=False), {"captions", "loudness"}),
        (replace(DEFAULT, loudness=None), {"analyse", "captions"}),
    ],
    ids=["default", "no ladder of its own", "loudness of the source"],
)
async def test_the_profile_says_what_else_is_made_of_a_source(
    profile: Profile, asked: set[str], clip: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A clip this short could not afford to be looked into.
    monkeypatch.setattr(sampling, "SHARE", Fraction(2))
    house = House(tmp_path / "sources")
    await write_profile(house.store, ASSET, 1, profile)
    await house.upload(clip)
    assert await asked_of(house, index_task(ASSET, 1)) == set(), "whoever waits for the first segment comes first"
    assert await asked_of(house, window_task(ASSET, 1, opening(await house.plan())[0], Level.INDEX)) == asked


@pytest.mark.parametrize("made", [1, 2], ids=["the picture", "the sound too"])
async def test_what_was_played_while_it_arrived_is_looked_into_at_once(
    made: int, clip: bytes, tmp_path: Path, cache: RedisCache
) -> None:
    house = House(tmp_path / "sources", cache=cache)
    await house.upload(clip)
    await house.handle(index_task(ASSET, 1))
    grown = replace(await house.plan(), grown=True)
    for window in opening(grown)[:made]:
        await house.handle(window_task(ASSET, 1, window, Level.FIRST))
    assert await beside(house) == set()
    await house.store.delete([layout.plan(ASSET, 1)])
    await planned(house.parts, grown, tenant="")
    assert await beside(house) == {"captions", "loudness"}


async def asked_of(house: House, task: Task) -> set[str]:
    await house.handle(task)
    return await beside(house)


async def beside(house: House) -> set[str]:
    """What is in the queue that is no window."""
    tasks = {name.split("/")[2] for name in await house.jobs.pending(ASSET)}
    return tasks & {"analyse", "captions", "loudness"}
