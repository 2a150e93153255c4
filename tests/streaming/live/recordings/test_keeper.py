from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from infra.errors import ObjectStoreError
from infra.memory import MemoryStore
from manifests import layout
from manifests.layout import AssetId, ChannelId
from manifests.live.state import LiveSegment
from streaming.catalog.errors import AssetNotFound
from streaming.catalog.listing import ListQuery
from streaming.catalog.model import AssetState, EditorialState
from streaming.live.recordings.events import Event
from streaming.live.recordings.keeper import KEPT, LONGEST, PATIENCE, Leaving, leaving
from tests.transcoder.live.recording.taped import CHANNEL, FIRST, Tape
from transcoder.facts import find_plan, read_profile
from transcoder.live import board
from transcoder.live.diary import PAGE, Page
from transcoder.sources.pieces import find_source, release_holds

if TYPE_CHECKING:
    from streaming.catalog.model import Asset
    from tests.streaming.live.recordings.conftest import Hall


async def recorded(hall: Hall) -> list[Asset]:
    return list((await hall.catalogue.list(ListQuery(public=False))).assets)


async def test_an_event_becomes_a_draft_that_plays_when_the_last_of_it_is_there(hall: Hall, event: Tape) -> None:
    await hall.begin()
    await event.copy(hall.store)
    await hall.store.delete([layout.live_playlist(CHANNEL, event.event.sound.id)])
    await hall.keeper.sweep(thorough=True)
    await hall.keeper.look((CHANNEL, 1))
    assert await recorded(hall) == [], "it runs"
    await event.copy(hall.store)
    await hall.channels.stop(CHANNEL)
    name = hall.keeper.named(board.over(CHANNEL, 1))
    assert name == (CHANNEL, 1)
    await hall.keeper.look(name)
    (asset,) = await recorded(hall)
    assert (asset.state, asset.editorial) == (AssetState.PLAYABLE, EditorialState.DRAFT)
    assert asset.titles == {"en": f"Arena, {hall.now:%Y-%m-%d %H:%M} UTC"}
    assert (asset.created_by, asset.height) == ("me", 96)
    plan = await find_plan(hall.store, asset.id, 1)
    assert plan is not None
    assert plan.video is not None
    assert plan.video.frames == event.stretch().frames
    assert (await read_profile(hall.store, asset.id, 1)).loudness is None
    assert await hall.jobs.pending(asset.id)
    shown = await hall.channels.get(CHANNEL)
    assert (shown.recording, shown.published) == (asset.id, False)
    await hall.catalogue.publish(asset.id)
    assert (await hall.channels.get(CHANNEL)).published
    await hall.keeper.look(name)
    await hall.keeper.sweep(thorough=True)
    assert [each.id for each in await recorded(hall)] == [asset.id]
    assert (await hall.channels.start(CHANNEL)).recording is None
    assert (await hall.channels.get(CHANNEL)).recording is None, "that of another event"


@pytest.mark.parametrize("holds_on", [True, False])
async def test_what_comes_late_is_waited_for_but_not_for_ever(hall: Hall, event: Tape, holds_on: bool) -> None:
    await hall.begin()
    await event.copy(hall.store)
    last = layout.live_playlist(CHANNEL, event.event.sound.id)
    text = await hall.store.read(last)
    await hall.store.put(last, text.replace(b"#EXT-X-ENDLIST", b""), content_type="x/y")
    await hall.channels.stop(CHANNEL)
    await hall.keeper.sweep(thorough=False)
    hall.now += PATIENCE
    await hall.keeper.sweep(thorough=False)
    assert await recorded(hall) == []
    hall.now += timedelta(seconds=1)
    key = board.finishing_key(CHANNEL, 1)
    await hall.cache.put(key, b"1", ttl=timedelta(minutes=1))
    await hall.keeper.sweep(thorough=False)
    assert await recorded(hall) == [], "a live process has some of it, which the bucket does not take"
    if holds_on:
        hall.now += LONGEST
    else:
        await hall.cache.delete(key)
    await hall.keeper.sweep(thorough=False)
    assert len(await recorded(hall)) == 1


async def test_an_event_without_a_picture_becomes_nothing(hall: Hall) -> None:
    await hall.begin()
    await hall.channels.stop(CHANNEL)
    hall.now += PATIENCE + timedelta(seconds=1)
    await hall.keeper.sweep(thorough=False)
    assert (await recorded(hall), await hall.events.pending()) == ([], [])
    (event,) = await hall.events.of(CHANNEL)
    assert (event.parts, event.assets()) == (0, [])


async def test_every_part_of_an_event_with_a_hole_is_an_asset(hall: Hall, event: Tape) -> None:
    await hall.begin()
    await event.copy(hall.store)
    await hall.store.delete([layout.live_segment(CHANNEL, event.event.rungs[0].id, FIRST + 1)])
    # The first two segments never came, and the diary says so.
    shown = tuple(
        LiveSegment(number=number, start=0, pdt_ms=0, init="init-0.mp4", gap=number < FIRST)
        for number in range(FIRST - 2, event.stretch().segments.stop)
    )
    page = msgspec.json.encode(Page(states={}, segments={event.event.sound.id: shown}))
    await hall.store.put(layout.live_page(CHANNEL, 1, FIRST // PAGE), page, content_type="application/json")
    await hall.channels.stop(CHANNEL)
    await hall.keeper.sweep(thorough=False)
    assert [asset.titles["en"][-3:] for asset in await recorded(hall)] == ["(2)", "UTC"]
    (row,) = await hall.events.of(CHANNEL)
    assert {asset.id for asset in await recorded(hall)} == set(row.assets())
    assert row.missing_s == 3 * event.event.grid.segment_ms / 1000


class Failing(MemoryStore):
    """A bucket of which every write fails but the first `left`."""

    def __init__(self, below: MemoryStore, left: int) -> None:
        super().__init__()
        self.__dict__.update(below.__dict__)
        self.left = left

    async def put(self, *arguments: Any, **options: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise ObjectStoreError("broken")
        return await super().put(*arguments, **options)


async def test_whoever_is_killed_in_between_is_followed_by_another(hall: Hall, event: Tape) -> None:
    await hall.begin()
    await event.copy(hall.store)
    await hall.channels.stop(CHANNEL)
    left = 0
    while await hall.events.pending():
        try:
            await hall.keeper_of(Failing(hall.store, left)).sweep(thorough=False)
        except ObjectStoreError:
            assert await recorded(hall) == []
        left += 1
    assert left == 5, "head, source, hold, profile, plan, of which three are written once"
    (asset,) = await recorded(hall)
    assert asset.state is AssetState.PLAYABLE


async def test_two_at_once_make_one(hall: Hall, event: Tape) -> None:
    await hall.begin()
    await event.copy(hall.store)
    await hall.channels.stop(CHANNEL)
    (before,) = await hall.events.pending()
    await hall.keeper.sweep(thorough=False)
    (asset,) = await recorded(hall)
    await hall.keeper._record(before)
    assert [each.id for each in await recorded(hall)] == [asset.id]
    await hall.catalogue.delete(asset.id)
    await hall.keeper._record(before)
    with pytest.raises(AssetNotFound):
        await hall.catalogue.get(asset.id)


async def test_an_encrypted_channel_has_an_encrypted_recording(hall: Hall, event: Tape) -> None:
    (hall.profiles.path / "safe.toml").write_text('encryption = "cbcs"')
    await hall.begin(profile="safe")
    await event.copy(hall.store)
    await hall.channels.stop(CHANNEL)
    await hall.keeper.sweep(thorough=False)
    (asset,) = await recorded(hall)
    assert asset.encryption == "cbcs"
    assert await hall.store.head(layout.keys(asset.id, 1)) is not None


async def release(hall: Hall, asset: AssetId) -> None:
    """As the sweep of a deleted asset does it."""
    await release_holds(hall.store, asset, 1)
    await hall.store.delete(await hall.keys(layout.source_prefix(asset)))


async def test_a_deleted_channel_leaves_what_its_recording_is_made_of(hall: Hall, event: Tape) -> None:
    await hall.begin()
    await event.copy(hall.store)
    await hall.channels.stop(CHANNEL)
    await hall.channels.delete(CHANNEL, store=hall.store)
    # Nobody has recorded it yet: that is still done.
    await hall.keeper.sweep(thorough=True)
    (asset,) = await recorded(hall)
    everything = await hall.keys(layout.live_prefix(CHANNEL))
    assert len(everything) == 3 * 5
    source = await find_source(hall.store, asset.id, 1)
    assert source is not None
    named = {piece.key for piece in source.pieces[1:]}

    await hall.store.put(layout.ready(asset.id, 1), b'{"objects":1,"size":1}', content_type="application/json")
    hall.now += timedelta(hours=2)
    await hall.keeper.sweep(thorough=True)
    assert set(await hall.keys(layout.live_prefix(CHANNEL))) == named, "all has been taken over"

    again = await hall.channels.create(title="Arena", channel_id=CHANNEL, created_by="me")
    assert (again.event, (await hall.channels.start(CHANNEL)).event) == (0, 2), "numbers are not used twice"
    await release(hall, asset.id)
    hall.now += KEPT + timedelta(seconds=1)
    await hall.keeper.sweep(thorough=True)
    assert await hall.keys("live/") == []
    assert await hall.keys("work/live/") == []
    assert [each.number for each in await hall.events.of(CHANNEL)] == [2]


async def test_an_event_that_is_not_recorded_goes_a_day_after_another_began(hall: Hall, event: Tape) -> None:
    await hall.begin(record=False)
    await event.copy(hall.store)
    await hall.channels.stop(CHANNEL)
    hall.now += 2 * KEPT
    everything = await hall.keys("live/")
    await hall.keeper.sweep(thorough=True)
    assert await hall.keys("live/") == everything, "viewers have it until another begins"
    await hall.channels.start(CHANNEL)
    hall.now += KEPT - timedelta(hours=1)
    await hall.keeper.sweep(thorough=True)
    assert await hall.keys("live/") == everything, "and who is in it goes on"
    hall.now += timedelta(hours=2)
    await hall.keeper.sweep(thorough=True)
    assert await hall.keys("live/") == []
    assert await recorded(hall) == []


async def test_an_endless_event_that_is_not_recorded_loses_what_left_its_window_long_ago(
    hall: Hall, event: Tape
) -> None:
    await hall.begin(record=False)
    await event.copy(hall.store)
    hall.now += KEPT + timedelta(minutes=1) + timedelta(seconds=2)
    everything = set(await hall.keys("live/"))
    await hall.keeper.sweep(thorough=True)
    gone = everything - set(await hall.keys("live/"))
    assert gone == {layout.live_segment(CHANNEL, each, FIRST) for each in event.event.renditions}


@pytest.mark.parametrize("message", [b"", b"arena", b"arena/x", b"/1", b"a b/1", b"\xff/1"])
async def test_other_messages_name_nothing(hall: Hall, message: bytes) -> None:
    assert hall.keeper.named(message) is None
    assert hall.keeper.named(b"arena/12") == (ChannelId("arena"), 12)


@pytest.mark.parametrize(
    ("settled", "shown", "gone", "wanted", "over_h", "followed_h", "leaves"),
    [
        (False, False, True, True, 100, None, Leaving.NOTHING),
        (True, False, True, True, 0, None, Leaving.ALL),
        (True, True, False, True, None, None, Leaving.NOTHING),
        (True, True, False, True, 100, None, Leaving.NOTHING),
        (True, True, False, False, None, None, Leaving.PAST),
        (True, True, False, False, 100, None, Leaving.PAST),
        (True, False, False, True, 24, 24, Leaving.NOTHING),
        (True, False, False, True, 100, 24, Leaving.NOTHING),
        (True, False, False, True, 25, 25, Leaving.ALL),
        (True, False, False, False, 100, 25, Leaving.ALL),
    ],
)
async def test_what_leaves_the_bucket(
    settled: bool, shown: bool, gone: bool, wanted: bool, over_h: int | None, followed_h: int | None, leaves: Leaving
) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    event = Event(
        channel=CHANNEL, number=1, title="Arena", profile="", created_by="me", begun_at=now - timedelta(days=9),
        over_at=None if over_h is None else now - timedelta(hours=over_h), wanted=wanted, asset=AssetId("a"),
        parts=1 if settled else None, missing_s=0.0 if settled else None, shown=shown,
        followed_at=None if followed_h is None else now - timedelta(hours=followed_h),
        dvr=None if gone else timedelta(hours=4),
    )  # fmt: skip
    assert leaving(event, now) is leaves
