"""Who may publish, and what becomes of channels and publishers. Feeds are real; what they are encoded with, too."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from infra.errors import DatabaseUnavailable
from infra.tasks import end
from manifests.layout import ChannelId
from streaming.live.channels.model import ChannelState
from streaming.live.ingest.errors import FeedClosed, NotTaken, ProtocolFault
from streaming.live.ingest.publisher import Container, Place, Publisher, Way
from streaming.live.show import Show
from streaming.live.shows import Shows
from tests.transcoder.live import feeds
from transcoder.encoder_settings import EncoderSettings
from transcoder.live import board
from transcoder.live.errors import FeedRefused
from transcoder.live.event import load
from transcoder.live.resume import read_states

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from infra.redis_cache import RedisCache
    from streaming.services import Services

    Eventually = Callable[..., Awaitable[None]]

ARENA = ChannelId("arena")


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


def clock() -> int:
    return time.time_ns() // 1_000_000


def publisher(place: Place = Place.PRIMARY, channel: str = "arena") -> Publisher:
    return Publisher(
        channel=channel, place=place, key_id="k", way=Way.RTMP, address="192.0.2.1", container=Container.FLV
    )


@pytest.fixture
def capacity() -> int:
    return 1000


def shows_of(services: Services, capacity: int) -> Shows:
    return Shows(
        channels=services.channels, profiles=services.profiles, cache=services.infra.cache, store=services.infra.store,
        encoder=EncoderSettings(preset="superfast", threads=1), capacity=capacity, clock=clock,
    )  # fmt: skip


@asynccontextmanager
async def running(services: Services, capacity: int = 1000) -> AsyncIterator[Shows]:
    """A live process, less its ways in."""
    made = shows_of(services, capacity)
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        await end(task)


@pytest.fixture
async def shows(services: Services, capacity: int) -> AsyncIterator[Shows]:
    await services.channels.create(title="Arena", channel_id="arena", dvr=timedelta(minutes=5), created_by="me")
    async with running(services, capacity) as made:
        yield made


@pytest.fixture
async def still(services: Services, capacity: int) -> AsyncIterator[Shows]:
    """The same with a channel that was started, and nobody who looks after it."""
    await services.channels.create(title="Arena", channel_id="arena", profile="lost", created_by="me")
    await services.channels.start(ARENA)
    made = shows_of(services, capacity)
    yield made
    for show in made._shows.values():
        await show.aclose()


async def state_is(services: Services, state: ChannelState) -> None:
    async with asyncio.timeout(60):
        while True:
            if (await services.channels.get(ARENA)).state is state:
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def published(
    ffmpeg: str, shows: Shows, *, seconds: float = 60, place: Place = Place.PRIMARY
) -> AsyncIterator[asyncio.Task[None]]:
    """A test picture is published beside the body, by the task that it is given."""
    async with feeds.publishing(ffmpeg, clock, seconds=seconds) as arrivals, shows.open(publisher(place)) as sink:

        async def send() -> None:
            async for piece in arrivals.replay(last=True):
                await sink.write(piece)

        task = asyncio.create_task(send())
        try:
            yield task
        finally:
            await end(task)


@pytest.mark.parametrize("channel", ["arena", "nobody"])
async def test_nobody_is_taken_before_the_start(shows: Shows, channel: str) -> None:
    with pytest.raises(NotTaken, match=r"not started|deleted"):
        async with shows.open(publisher(channel=channel)):
            raise AssertionError("taken")


async def test_a_channel_that_cannot_be_run_harms_no_other(
    shows: Shows, services: Services, cache: RedisCache, eventually: Eventually
) -> None:
    await services.channels.create(title="Broken", channel_id="broken", created_by="me")
    await cache.put(board.event_key(ChannelId("broken")), b"no event", ttl=timedelta(minutes=5))
    await services.channels.start(ChannelId("broken"))
    await services.channels.start(ARENA)
    async with shows.open(publisher()) as sink:
        await services.channels.stop(ARENA)

        async def is_put_out() -> bool:
            try:
                await sink.write(b"")
            except FeedClosed as exc:
                return "ended" in exc.detail
            return False

        await eventually(is_put_out, timeout=60)


async def test_nobody_joins_what_is_over(still: Shows, services: Services) -> None:
    show = await still._show(await services.channels.get(ARENA))
    await show.finish()
    with pytest.raises(NotTaken, match="ended"):
        await show.open(publisher())
    assert show.feeds == {}


async def test_an_end_that_is_cancelled_leaves_nothing_behind(
    still: Shows, services: Services, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    asked = asyncio.Event()

    async def wait(*said: object, **more: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(services.channels, "step", wait)
    show = await still._show(await services.channels.get(ARENA))
    before = asyncio.all_tasks()
    show.broadcast = still.begin(feeds.event(), show.channel)
    async with still.open(publisher()):
        pass
    await asked.wait()
    ending = asyncio.create_task(show.finish())
    await asyncio.sleep(0)
    await end(ending)
    assert ending.cancelled()
    await eventually(lambda: asyncio.all_tasks() <= before)


async def test_an_event_that_takes_its_time_to_end_is_ended_once(
    still: Shows, services: Services, cache: RedisCache, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    show = await still._show(await services.channels.get(ARENA))
    show.broadcast = still.begin(feeds.event(), show.channel)

    async def is_told() -> bool:
        return await cache.get(board.event_key(ARENA)) is not None

    await eventually(is_told, timeout=60)
    faults = [RuntimeError("a fault"), None]
    ends: list[asyncio.Event] = []

    async def finish(show: Show) -> None:
        ends.append(asyncio.Event())
        await ends[-1].wait()
        await show.aclose()
        if (fault := faults.pop(0)) is not None:
            raise fault

    monkeypatch.setattr(Show, "finish", finish)
    await services.channels.stop(ARENA)
    await still._look()
    await still._look()
    await eventually(lambda: len(ends) == 1)
    assert len(still._ending) == 1
    # One that did not end well is ended by who looks next.
    ends[0].set()
    await eventually(lambda: not still._ending)
    await still._look()
    await eventually(lambda: len(ends) == 2)
    ends[1].set()
    await eventually(lambda: not still._ending)
    await still._look()
    assert not still._ending


async def test_who_cannot_be_looked_up_is_told_so(
    still: Shows, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    async def away(channel: ChannelId) -> None:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(services.channels, "get", away)
    with pytest.raises(NotTaken, match="at the moment"):
        async with still.open(publisher()):
            raise AssertionError("taken")


async def test_what_a_publisher_did_wrong_is_told_to_editors(
    still: Shows, services: Services, eventually: Eventually
) -> None:  # fmt: skip
    with pytest.raises(ProtocolFault):
        async with still.open(publisher()):
            raise ProtocolFault("The encoder's clock was set back.")

    async def is_told() -> bool:
        return (await services.channels.get(ARENA)).trouble == "Primary: The encoder's clock was set back."

    await eventually(is_told, timeout=60)


async def test_a_profile_that_is_gone_is_named(still: Shows, services: Services) -> None:
    show = await still._show(await services.channels.get(ARENA))
    feed = await show.open(publisher())
    with pytest.raises(FeedRefused, match="'lost' cannot be used"):
        await show.take(feed, feeds.opening())
    await feed.stop("Enough.")


async def test_an_event_from_its_first_publisher_to_its_end(
    shows: Shows, services: Services, cache: RedisCache, ffmpeg: str
) -> None:
    await services.channels.start(ARENA)
    async with published(ffmpeg, shows) as sending:
        await state_is(services, ChannelState.LIVE)
        follower = await services.followers.of(ARENA)
        async with asyncio.timeout(60):
            while not any(state.segments for state in follower.states.values()):
                await follower.changed(next(iter(follower.states), "none"), within_s=0.1)  # type: ignore[arg-type]
        await services.channels.stop(ARENA)
        with pytest.raises(FeedClosed, match="ended"):
            await sending
    kept = await cache.get(board.event_key(ARENA))
    assert kept is not None
    async with asyncio.timeout(60):
        while not all(state.ended for state in follower.states.values()):
            await follower.changed(load(kept).sound.id, within_s=0.1)
    assert (await services.channels.get(ARENA)).state is ChannelState.ENDED
    await end(follower.task)


async def test_who_comes_with_the_same_key_takes_the_place(shows: Shows, services: Services, ffmpeg: str) -> None:
    await services.channels.start(ARENA)
    async with published(ffmpeg, shows) as sending:
        await state_is(services, ChannelState.LIVE)
        async with shows.open(publisher()):
            with pytest.raises(FeedClosed, match="same key"):
                await sending
    await state_is(services, ChannelState.INTERRUPTED)


@pytest.mark.parametrize("capacity", [1])
async def test_a_feed_that_does_not_fit_is_put_out_and_the_channel_says_why(
    shows: Shows, services: Services, ffmpeg: str
) -> None:
    await services.channels.start(ARENA)
    async with published(ffmpeg, shows) as sending:
        with pytest.raises(FeedClosed, match="No room on this machine"):
            await sending
    async with asyncio.timeout(60):
        while True:
            found = await services.channels.get(ARENA)
            if found.trouble:
                break
            await asyncio.sleep(0.02)
    assert found.state is ChannelState.WAITING
    assert "No room" in found.trouble


@pytest.mark.parametrize("capacity", [2])
async def test_a_backup_that_has_no_room_beside_the_primary_is_put_out(
    shows: Shows, services: Services, ffmpeg: str, eventually: Callable[..., Awaitable[None]]
) -> None:
    async def says_why() -> bool:
        return "No room" in (await services.channels.get(ARENA)).trouble

    await services.channels.start(ARENA)
    async with published(ffmpeg, shows):
        await state_is(services, ChannelState.LIVE)
        async with published(ffmpeg, shows, place=Place.BACKUP) as sending:
            with pytest.raises(FeedClosed, match="No room"):
                await sending
        await eventually(says_why)
        assert (await services.channels.get(ARENA)).state is ChannelState.LIVE


async def test_another_process_goes_on_with_the_numbers(services: Services, cache: RedisCache, ffmpeg: str) -> None:
    await services.channels.create(title="Arena", channel_id="arena", created_by="me")
    await services.channels.start(ARENA)
    async with running(services) as first, published(ffmpeg, first, seconds=3) as sending:
        await sending
    kept = await cache.get(board.event_key(ARENA))
    assert kept is not None
    before = await read_states(cache, load(kept))
    async with running(services) as second, published(ffmpeg, second, seconds=4) as sending:
        await sending
    for rendition, state in (await read_states(cache, load(kept))).items():
        numbers = [segment.number for segment in state.segments]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        known = before[rendition].segments
        assert known
        for old, now in zip(known, state.segments, strict=False):
            assert (old.number, old.pdt_ms, old.duration) == (now.number, now.pdt_ms, now.duration)
        assert any(each.discontinuity for each in (*state.segments, state.growing) if each is not None)
