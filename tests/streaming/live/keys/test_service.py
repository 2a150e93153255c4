from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from infra.memory import MemoryCache
from streaming.live.channels.service import Channels
from streaming.live.ingest.publisher import Place
from streaming.live.keys.errors import StreamKeyNotFound
from streaming.live.keys.service import StreamKeys
from streaming.live.keys.tables import stream_keys
from tests.streaming.watch import Watch

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture
async def service(tables: AsyncEngine, clock: Watch) -> StreamKeys:
    channels = Channels(sql=tables, cache=MemoryCache())
    for name in ("alpine", "nordic", "biathlon"):
        await channels.create(title=name, channel_id=name, created_by="ann")
    return StreamKeys(sql=tables, clock=clock, srt_ports=range(10080, 10083))


async def test_a_key_names_its_channel_and_place(service: StreamKeys) -> None:
    main = await service.make("alpine", Place.PRIMARY, created_by="ann")
    spare = await service.make("alpine", Place.BACKUP, created_by="ann")
    assert await service.find(main.secret) == main.key
    assert await service.find(spare.secret) == spare.key
    for wrong in ("", "live_", main.secret[:-1], main.secret + "x", main.key.id, "\0", "\udc80", "x" * 10_000):
        assert await service.find(wrong) is None


async def test_secrets_are_not_kept(service: StreamKeys, tables: AsyncEngine) -> None:
    made = await service.make("alpine", Place.PRIMARY, created_by="ann")
    async with tables.begin() as connection:
        kept = [str(row) for row in await connection.execute(select(stream_keys))]
    assert len(kept) == 1
    assert made.secret not in kept[0]


async def test_a_rotated_key_opens_until_its_grace_is_over(service: StreamKeys, clock: Watch) -> None:
    old = await service.make("alpine", Place.PRIMARY, created_by="ann")
    spare = await service.make("alpine", Place.BACKUP, created_by="ann")
    elsewhere = await service.make("nordic", Place.PRIMARY, created_by="ann")
    clock.now += HOUR
    new = await service.make("alpine", Place.PRIMARY, created_by="ben", grace=HOUR)
    assert await service.newest("alpine", Place.PRIMARY) == new.key
    assert await service.find(old.secret) is not None
    clock.now += HOUR
    assert await service.find(old.secret) is None
    for secret in (new.secret, spare.secret, elsewhere.secret):
        assert await service.find(secret) is not None
    assert not await service.is_revoked(old.key.id)


async def test_a_later_rotation_never_lengthens_a_grace(service: StreamKeys, clock: Watch) -> None:
    first = await service.make("alpine", Place.PRIMARY, created_by="ann")
    await service.make("alpine", Place.PRIMARY, created_by="ann", grace=HOUR)
    await service.make("alpine", Place.PRIMARY, created_by="ann", grace=10 * HOUR)
    clock.now += HOUR
    assert await service.find(first.secret) is None


async def test_a_revoked_key_opens_nothing(service: StreamKeys) -> None:
    made = await service.make("alpine", Place.PRIMARY, created_by="ann")
    assert not await service.is_revoked(made.key.id)
    await service.revoke("alpine", made.key.id)
    await service.revoke("alpine", made.key.id)
    assert await service.find(made.secret) is None
    assert await service.newest("alpine", Place.PRIMARY) is None
    assert await service.is_revoked(made.key.id)
    assert [key.revoked_at is not None for key in await service.list("alpine")] == [True]


async def test_only_a_channels_own_keys_are_revoked(service: StreamKeys) -> None:
    made = await service.make("alpine", Place.PRIMARY, created_by="ann")
    for channel, key in (("nordic", made.key.id), ("alpine", "nothing"), ("alpine", "\0")):
        with pytest.raises(StreamKeyNotFound):
            await service.revoke(channel, key)
    assert await service.find(made.secret) is not None
    assert await service.is_revoked("never made")


async def test_each_key_that_may_be_used_has_a_port_for_srt(service: StreamKeys, clock: Watch) -> None:
    made = [
        (await service.make(channel, place, created_by="ann")).key
        for channel, place in (("alpine", Place.PRIMARY), ("alpine", Place.BACKUP), ("nordic", Place.PRIMARY))
    ]
    assert [key.srt_port for key in made] == [10080, 10081, 10082]
    rotated = (await service.make("nordic", Place.BACKUP, created_by="ann")).key
    assert rotated.srt_port is None  # they ran out
    assert await service.listened(["alpine"]) == made[:2]

    await service.revoke("alpine", made[0].id)
    assert await service.listened(["alpine", "nordic"]) == made[1:]
    new = (await service.make("alpine", Place.BACKUP, created_by="ann", grace=HOUR)).key
    assert new.srt_port == 10080
    assert [key.srt_port for key in await service.listened(["alpine"])] == [10080, 10081]  # the old one, for its grace
    clock.now += HOUR
    assert await service.listened(["alpine"]) == [new]
    assert (await service.make("biathlon", Place.PRIMARY, created_by="ann")).key.srt_port == 10081
