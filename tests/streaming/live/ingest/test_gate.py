from __future__ import annotations

import pytest

from streaming.live.ingest.errors import TooManyTries, WrongKey
from streaming.live.ingest.gate import Gate
from streaming.live.ingest.publisher import Container, Place, Publisher, Way
from streaming.live.ingest.tries import Tries
from streaming.live.ingest.turned_away import Door
from tests.streaming.live.ingest.recorder import BACKUP, GOOD, Keys


async def admit(gate: Gate, secret: str, *, address: str = "192.0.2.1", channel: str | None = None) -> Publisher:
    return await gate.admit(secret, address=address, way=Way.RTMP, container=Container.FLV, channel=channel)


async def test_a_key_says_who_it_is() -> None:
    gate = Gate(Keys())
    assert await admit(gate, GOOD) == Publisher(
        channel="alpine", place=Place.PRIMARY, key_id="id of primary", way=Way.RTMP, address="192.0.2.1",
        container=Container.FLV,
    )  # fmt: skip
    assert (await admit(gate, BACKUP, channel="alpine")).place is Place.BACKUP


async def test_wrong_keys_are_refused_and_after_a_while_not_even_looked_up() -> None:
    keys, now = Keys(), [100.0]
    gate = Gate(keys, tries=Tries(burst=2, refill_s=10), monotonic=lambda: now[0])
    for _ in range(2):
        with pytest.raises(WrongKey):
            await admit(gate, "live_guessed")
    with pytest.raises(TooManyTries):
        await admit(gate, GOOD)
    assert keys.looked_up == ["live_guessed"] * 2
    assert (await admit(gate, GOOD, address="192.0.2.2")).channel == "alpine"
    now[0] += 10
    assert (await admit(gate, GOOD)).channel == "alpine"


async def test_the_door_is_told_of_who_is_turned_away() -> None:
    door = Door(lambda: 100.0)
    gate = Gate(Keys(), tries=Tries(burst=1, refill_s=10), monotonic=lambda: 100.0, door=door)
    await admit(gate, GOOD)
    for wrong, channel in ((WrongKey, "alpine"), (TooManyTries, None)):
        with pytest.raises(wrong):
            await admit(gate, "live_guessed", channel=channel)
    told = door.lately("alpine", publishers=0)
    assert [(each.way, each.address, each.channel) for each in told] == [
        (Way.RTMP, "192.0.2.1", "alpine"), (Way.RTMP, "192.0.2.1", None),
    ]  # fmt: skip


async def test_a_key_opens_its_own_channel_only() -> None:
    with pytest.raises(WrongKey):
        await admit(Gate(Keys()), GOOD, channel="nordic")
