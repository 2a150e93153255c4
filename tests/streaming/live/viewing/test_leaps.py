"""What lies before an absence that is too long to be listed, over a real Redis."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.streaming.live.stage import EVENT, FIRST, PICTURE, Stage, body, part
from transcoder.live.resume import read_states

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from infra.redis_cache import RedisCache
    from streaming.services import Services

LONG = 5_000
"""Segments after which nothing of what was before is listed."""


pytestmark = pytest.mark.usefixtures("followed")


async def leapt(stage: Stage, numbers: range, *, parts: int) -> None:
    """Segments far behind what is there, as they come when nobody was there to make what lies between."""
    packager = stage.broadcast.packager
    for number in numbers:
        stage.now = (number + 1) * EVENT.grid.segment_ms
        for rendition in EVENT.renditions:
            for place in range(parts):
                packager.part(part(rendition, number, place), init=packager.states[rendition].init)
    async with asyncio.timeout(60):
        await stage.broadcast._telling.drained()


async def test_a_part_that_left_with_a_leap_is_there_for_who_was_told_of_it(
    client: httpx.AsyncClient, stage: Stage, services: Services, eventually: Callable[..., Awaitable[None]]
) -> None:
    stage.begin()
    await stage.parts(FIRST, range(6))
    await leapt(stage, range(FIRST + LONG, FIRST + LONG + 1), parts=1)
    follower = await services.followers.of(EVENT.channel)
    await eventually(lambda: follower.states == stage.broadcast.packager.states)
    assert follower.states[PICTURE].media_sequence == FIRST + LONG
    answer = await client.get(f"/live/arena/{PICTURE}/{FIRST}.2.m4s")
    assert (answer.status_code, answer.content) == (200, body(PICTURE, FIRST, 2))
    answer = await client.get(f"/live/arena/{PICTURE}/{FIRST + 1}.0.m4s")
    said = answer.json()
    assert (answer.status_code, said["code"], said["reason"]) == (404, "live_media_not_found", "unknown")
    assert answer.headers["cache-control"] == "public, max-age=2"


async def test_who_comes_after_a_leap_is_told_of_all_that_came_behind_it(stage: Stage, cache: RedisCache) -> None:
    stage.begin()
    for number in range(FIRST, FIRST + 12):
        await stage.parts(number, range(6))
    await leapt(stage, range(FIRST + LONG, FIRST + LONG + 12), parts=6)
    known = await read_states(cache, EVENT)
    assert [each.number for each in known[PICTURE].segments] == [*range(FIRST + LONG, FIRST + LONG + 12)]
    assert known == stage.broadcast.packager.states
