from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.transcoder.live import feeds
from tests.transcoder.live.test_run import SETTINGS, clock, encode
from transcoder.live.slate_making import make_slate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("rate", [25, 30])
async def test_it_has_the_init_sections_of_the_feeds(ffmpeg: str, rate: int) -> None:
    async with feeds.publishing(ffmpeg, clock, seconds=1.2, rate=rate) as arrivals:
        event, taken = await encode(arrivals)
    made = await make_slate(event, settings=SETTINGS)
    assert made.inits == taken.inits
    for rung in event.rungs:
        assert len(made.pictures[rung.id]) == event.grid.part // rung.divisor
        assert [frame.sync for frame in made.pictures[rung.id]] == [True] + [False] * (event.grid.part - 1)


async def test_a_feed_and_the_slate_in_one_segment_are_decoded_without_a_complaint(ffmpeg: str, tmp_path: Path) -> None:
    async with feeds.publishing(ffmpeg, clock, seconds=1.5) as arrivals:
        event, taken = await encode(arrivals)
    slate = await make_slate(event, settings=SETTINGS)
    top, grid = event.rungs[-1].id, event.grid
    shown = [part.body for part in taken.parts[top]]
    behind = taken.parts[top][-1].start // event.track(top).part + 1
    shown += [slate.part(event, top, divmod(behind + n, grid.parts)).body for n in range(4)]
    whole = tmp_path / "whole.mp4"
    whole.write_bytes(slate.inits[top] + b"".join(shown))
    decoding = await asyncio.create_subprocess_exec(
        ffmpeg, "-v", "warning", "-xerror", "-i", str(whole), "-f", "framecrc", "-", stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    pictures, said = await decoding.communicate()
    lines = [line for line in pictures.decode().splitlines() if line.startswith("0,")]
    assert said == b""
    assert len(lines) == len(shown) * grid.part
    assert len({line.rpartition(",")[2] for line in lines[-4 * grid.part :]}) == 1  # a still
