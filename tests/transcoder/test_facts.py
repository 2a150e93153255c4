from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.memory import MemoryStore
from transcoder import profile as profiles
from transcoder.errors import PlanMissing
from transcoder.facts import (
    Failure,
    Ready,
    find_plan,
    is_over,
    read_failure,
    read_plan,
    read_profile,
    read_ready,
    write_failure,
    write_plan,
    write_profile,
    write_ready,
)

if TYPE_CHECKING:
    from transcoder.plan import Plan


async def test_a_plan_once_written_stands(plan: Plan) -> None:
    store = MemoryStore()
    assert await find_plan(store, plan.asset, 1) is None
    assert await write_plan(store, plan) == plan
    other = replace(plan, audio=())
    assert await write_plan(store, other) == plan
    assert await read_plan(store, plan.asset, 1) == plan


async def test_a_profile_once_written_stands(plan: Plan) -> None:
    store = MemoryStore()
    assert await read_profile(store, plan.asset, 1) == profiles.DEFAULT
    mine = replace(profiles.DEFAULT, name="mine", loudness=None, encryption=profiles.Encryption.AES_128)
    assert await write_profile(store, plan.asset, 1, mine)
    assert not await write_profile(store, plan.asset, 1, profiles.DEFAULT)
    assert await read_profile(store, plan.asset, 1) == mine
    assert await read_profile(store, plan.asset, 2) == profiles.DEFAULT


async def test_no_plan(plan: Plan) -> None:
    with pytest.raises(PlanMissing):
        await read_plan(MemoryStore(), plan.asset, 1)


async def test_the_first_reason_of_a_failure_stands(plan: Plan) -> None:
    store = MemoryStore()
    first = Failure(code="not_media", message="This is a text file.", cause="no demuxer")
    assert await write_failure(store, plan.asset, 1, first)
    assert not await write_failure(store, plan.asset, 1, Failure(code="encode_failed", message="…"))
    assert await read_failure(store, plan.asset, 1) == first
    assert await read_failure(store, plan.asset, 2) is None


async def test_ready_is_written_once(plan: Plan) -> None:
    store = MemoryStore()
    assert await write_ready(store, plan.asset, 1, Ready(objects=63, size=1000))
    assert not await write_ready(store, plan.asset, 1, Ready(objects=63, size=2000))
    assert await read_ready(store, plan.asset, 1) == Ready(objects=63, size=1000)


@pytest.mark.parametrize("how", ["ready", "failure"])
async def test_a_version_is_over_when_it_is_ready_or_failed(plan: Plan, how: str) -> None:
    store = MemoryStore()
    assert not await is_over(store, plan.asset, 1)
    if how == "ready":
        await write_ready(store, plan.asset, 1, Ready(objects=1, size=1))
    else:
        await write_failure(store, plan.asset, 1, Failure(code="x", message="y"))
    assert await is_over(store, plan.asset, 1)
    assert not await is_over(store, plan.asset, 2)
