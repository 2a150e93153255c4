from __future__ import annotations

import asyncio
from itertools import count

from transcoder.live.arrivals import KEPT, Arrivals


async def test_every_reader_begins_with_the_first_byte() -> None:
    ticks = count(1000, 10)
    arrivals = Arrivals(lambda: next(ticks))
    await arrivals.put(b"ab")
    await arrivals.put(b"cde")
    reader = arrivals.replay()
    assert [await anext(reader), await anext(reader)] == [b"ab", b"cde"]
    await reader.aclose()
    assert arrivals.moments == [(2, 1000), (5, 1010)]

    last = arrivals.replay(last=True)
    assert await anext(last) == b"ab"
    await arrivals.put(b"f")
    arrivals.end()
    await arrivals.put(b"let go")
    assert [piece async for piece in last] == [b"cde", b"f"]


async def test_a_publisher_waits_for_a_reader_that_is_behind() -> None:
    arrivals = Arrivals(lambda: 0)
    reader = arrivals.replay(last=True)
    await arrivals.put(b"x")
    assert await anext(reader) == b"x"
    much = asyncio.create_task(arrivals.put(bytes(9 << 20)))
    await asyncio.wait([much], timeout=0.01)
    assert not much.done()
    assert arrivals.is_behind
    assert len(await anext(reader)) == 9 << 20
    await much
    assert not arrivals.is_behind


async def test_it_has_begun_with_the_first_byte_or_ended_without_any() -> None:
    arrivals = Arrivals(lambda: 0)
    begun = asyncio.create_task(arrivals.begun())
    await arrivals.put(b"")
    await asyncio.wait([begun], timeout=0.01)
    assert not begun.done()
    await arrivals.put(b"x")
    assert await begun
    nothing = Arrivals(lambda: 0)
    nothing.end()
    assert not await nothing.begun()
    assert nothing.is_ended


async def test_no_more_is_kept_than_an_opening_needs() -> None:
    arrivals, mebibyte = Arrivals(lambda: 0), bytes(1 << 20)

    async def flood() -> None:
        while True:
            await arrivals.put(mebibyte)

    flooding = asyncio.create_task(flood())
    assert sum([len(piece) async for piece in arrivals.replay()]) == KEPT
    await asyncio.wait([flooding], timeout=0.01)
    kept = arrivals.moments[-1][0]
    assert KEPT < kept < KEPT + (10 << 20)
    arrivals.end()
    last = arrivals.replay(last=True)
    flooding.cancel()
    assert sum([len(piece) async for piece in last]) == kept
