from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from tests.transcoder.house import ASSET, House, make_clip
from transcoder.facts import write_profile
from transcoder.per_title import sampling
from transcoder.profile import DEFAULT, Profile
from transcoder.windows import index_task

if TYPE_CHECKING:
    from pathlib import Path


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
    await house.handle(index_task(ASSET, 1))
    tasks = {name.split("/")[2] for name in await house.jobs.pending(ASSET)}
    assert tasks & {"analyse", "captions", "loudness"} == asked
