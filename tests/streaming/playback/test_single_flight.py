from __future__ import annotations

import asyncio

import pytest

from streaming.playback.single_flight import SingleFlight


class Calls:
    def __init__(self) -> None:
        self.count = 0
        self.started = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self) -> int:
        self.count += 1
        self.started.set()
        await self.go.wait()
        return self.count


async def test_all_who_ask_share_one_call() -> None:
    flight: SingleFlight[str, int] = SingleFlight()
    calls = Calls()
    asking = [asyncio.create_task(flight("a", calls)) for _ in range(5)]
    await calls.started.wait()
    calls.go.set()
    assert await asyncio.gather(*asking) == [1] * 5
    assert await flight("a", calls) == 2


async def test_who_goes_away_does_not_take_the_call_along() -> None:
    flight: SingleFlight[str, int] = SingleFlight()
    calls = Calls()
    first, second = (asyncio.create_task(flight("a", calls)) for _ in range(2))
    await calls.started.wait()
    first.cancel()
    calls.go.set()
    assert await second == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_an_error_is_everybodys_and_not_kept() -> None:
    flight: SingleFlight[str, int] = SingleFlight()

    async def fail() -> int:
        raise LookupError("no")

    answers = await asyncio.gather(flight("a", fail), flight("a", fail), return_exceptions=True)
    assert [type(answer) for answer in answers] == [LookupError] * 2
    calls = Calls()
    calls.go.set()
    assert await flight("a", calls) == 1


async def test_keys_are_apart() -> None:
    flight: SingleFlight[str, int] = SingleFlight()
    calls = Calls()
    calls.go.set()
    await asyncio.gather(flight("a", calls), flight("b", calls))
    assert calls.count == 2
