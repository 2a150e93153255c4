"""Hundreds of faults at random while assets are uploaded, encoded, watched and deleted. Nothing is lost, nothing stays.

`make soak` runs a thousand. CHANNEL_SOAK_SEED makes a run again, as far as a machine's timing allows.
"""

from __future__ import annotations

import os
import random
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import anyio
import pytest

from tests.e2e.service import make_clip
from tests.e2e.soak import checks
from tests.e2e.soak.director import Director
from tests.e2e.soak.newsroom import Clip, Fate, Newsroom
from tests.e2e.soak.stage import Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    Eventually = Callable[..., Awaitable[None]]

FAULTS: Final = int(os.environ.get("CHANNEL_SOAK_FAULTS") or 200)
SEED: Final = int(os.environ.get("CHANNEL_SOAK_SEED") or 2026)
_EDITORS: Final = 6
_PAUSE_S: Final = 0.35
_SETTLE_S: Final = 120.0


@pytest.fixture
async def stage(
    tmp_path: Path, valkey_server: Any, ffmpeg: str, free_port: Callable[[], int], eventually: Eventually
) -> AsyncIterator[Stage]:
    parts: dict[str, Any] = {"valkey": valkey_server, "ffmpeg": ffmpeg, "free_port": free_port}
    made = Stage(tmp_path / "home", **parts, eventually=eventually)
    async with made.running():
        yield made


@pytest.mark.timeout(120 + 6 * FAULTS)
async def test_random_faults(stage: Stage, tmp_path: Path, ffmpeg: str, eventually: Eventually) -> None:
    print(f"\nCHANNEL_SOAK_SEED={SEED} CHANNEL_SOAK_FAULTS={FAULTS}")  # noqa: T201 - how to make it again
    clips = []
    for seconds in (4, 8, 14):
        body = make_clip(tmp_path / f"{seconds}.mp4", ffmpeg, seconds=seconds)
        clips.append(Clip(body=body, frames=25 * seconds))
    newsroom = Newsroom(stage, clips, chance=random.Random(SEED))
    director = Director(stage, seed=SEED, pause_s=_PAUSE_S)
    closing = anyio.Event()
    began = anyio.current_time()
    async with anyio.create_task_group() as editors:
        for _ in range(_EDITORS):
            editors.start_soon(newsroom.work, closing)
        await director.run(FAULTS)
        struck_s = anyio.current_time() - began
        closing.set()
        await _all_done(newsroom, eventually)
    settled_s = anyio.current_time() - began - struck_s
    alive = [title for title in newsroom.titles if title.fate is not Fate.DELETED]
    ready = [title for title in alive if title.state == "ready"]
    failed = [title for title in alive if title.state == "failed" and title.failure["code"] != "cancelled"]
    await eventually(partial(checks.is_tidy, stage, (*ready, *failed)), timeout=_SETTLE_S)
    books = await checks.rework(stage, director, ready)
    kills = sum(times for kind, times in director.struck.items() if kind.is_kill)
    print(  # noqa: T201 - the report of the run
        f"{director.struck.total()} faults ({kills} kills) in {struck_s:.0f} s, all settled {settled_s:.0f} s later\n"
        f"{', '.join(f'{kind} {times}' for kind, times in sorted(director.struck.items()))}\n"
        f"{len(newsroom.titles)} titles, {len(ready)} ready, {len(failed)} given up; "
        f"{stage.proxy.requests} requests to S3\n"
        f"{books.needed} frames, again {books.again.total()}: {books.again}"
    )

    assert director.crashed == [], "processes ended by themselves"
    assert kills >= FAULTS // 4
    for title in failed:
        assert await checks.was_given_up(stage, title), (title.asset, title.failure)
    assert all(title in (*ready, *failed) or title.fate is Fate.CANCELLED for title in alive)
    assert books.unexplained == (), "encoded again, and no fault had met who had begun it"
    checks.check_nothing_left(stage)
    checks.check_books(stage, alive)
    await checks.check_objects(stage, ready, failed)
    for title in random.Random(SEED).sample(ready, min(3, len(ready))):
        await checks.check_decodes(stage, title, tmp_path)
    await newsroom.delete_all()
    await eventually(partial(checks.is_tidy, stage, ()), timeout=_SETTLE_S)


async def _all_done(newsroom: Newsroom, eventually: Eventually) -> None:
    try:
        await eventually(lambda: newsroom.at_work == 0, timeout=_SETTLE_S)
    except TimeoutError:
        pytest.fail(f"not at an end: {[title for title in newsroom.titles if not title.state]}")
