from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from infra.ports import Level
from manifests import layout
from manifests.layout import AssetId
from tests.transcoder.house import ASSET, House
from tests.transcoder.live.recording.taped import CHANNEL, FIRST, SETTINGS, Tape
from tests.transcoder.odd.made import numbers
from transcoder import clip_segments, window_work
from transcoder.clip_plan import clip_of_frames
from transcoder.facts import read_ready, write_plan, write_profile
from transcoder.fragments import fragments_of
from transcoder.live.recording.plan import recorded_frames, recorded_plan, recorded_profile
from transcoder.live.recording.source import narrowed, recorded_source, write_head
from transcoder.live.recording.taking import samples_of
from transcoder.plan import AAC_FRAME
from transcoder.profile import DEFAULT
from transcoder.publish import key_of
from transcoder.sources.pieces import find_source, write_source
from transcoder.video import encode_video, unit
from transcoder.windows import Window, index_task, run_task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from typing import Any

    from infra.redis_cache import RedisCache
    from manifests.layout import RenditionId
    from transcoder.live.recording.model import Stretch
    from transcoder.plan import Plan

SEGMENT = 96
"""Frames of a segment at 50 a second."""

SHOWN = (0, *range(239))
"""The pictures of the event: its sound begins a little earlier, so that its first picture stands for two."""


class Recording(House):
    """A worker, and in its bucket an event, with the plan of a stretch of it, or of some of its frames."""

    async def record(self, event: Tape, stretch: Stretch, frames: range | None = None) -> Plan:
        async for stat in event.store.list(""):
            await self.store.put(stat.key, await event.store.read(stat.key), content_type="video/mp4")
        source = recorded_source(stretch, await write_head(self.store, stretch, asset=ASSET, version=1))
        await write_source(self.store, ASSET, 1, source)
        await write_profile(self.store, ASSET, 1, recorded_profile(DEFAULT))
        plan = recorded_plan(stretch, source, asset=ASSET, version=1)
        return await write_plan(self.store, plan if frames is None else recorded_frames(plan, frames))

    async def body(self, rendition: RenditionId, segments: int) -> bytes:
        names = (None, *range(segments))
        return b"".join([await self.store.read(key_of(ASSET, rendition, number)) for number in names])


@pytest.fixture
def house(tmp_path: Path, cache: RedisCache) -> Recording:
    return Recording(tmp_path / "sources", cache=cache)


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Frames of every part of a group that is encoded, for each rung; an ordinary encode fails."""
    found: list[int] = []
    encode: Callable[..., Awaitable[None]] = clip_segments.encode_video

    async def edges(plan: Plan, *arguments: Any, **options: Any) -> None:
        assert plan.video is not None
        found.extend([plan.video.frames] * len(plan.video.rungs))
        await encode(plan, *arguments, **options)

    async def ordinary(*_: Any, **__: Any) -> None:
        raise AssertionError("nothing is left for the ordinary encode")

    monkeypatch.setattr(clip_segments, "encode_video", edges)
    monkeypatch.setattr(window_work, "encode_video", ordinary)
    return found


def samples(event: Tape, rendition: RenditionId, segments: range) -> list[bytes]:
    track = event.event.track(rendition)
    taken = (samples_of(event.bodies[rendition, number], sample=track.sample) for number in segments)
    return [frame.body for each in taken for _, frame in sorted(each.items())]


async def test_a_recording_has_the_very_samples_of_the_event_and_nothing_is_encoded(
    house: Recording, event: Tape, encoded: list[int], eventually: Callable[..., Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    async def no_sound(*_: Any, **__: Any) -> None:
        raise AssertionError("the sound is there, too")

    monkeypatch.setattr(window_work, "encode_audio", no_sound)
    stretch = event.stretch()
    plan = await house.record(event, stretch)
    await house.jobs.enqueue(index_task(ASSET, 1))
    async with house.working():
        await eventually(house.ready, 60)
    assert encoded == []
    assert plan.video is not None
    assert plan.video.frames == 240
    assert not await house.failed()
    for live, rung in zip(event.event.rungs, plan.video.rungs, strict=True):
        parts = []
        for number in range(plan.video.segments):
            frames = plan.video.frames_of(number)
            found = fragments_of(await house.store.read(key_of(ASSET, rung.id, number)))
            assert len(found) == -(-len(frames) // plan.video.gop)
            assert all(part.sync for part in found)
            assert found[0].decode_time == frames.start * unit(plan.video)
            parts += found
        assert sum(part.samples for part in parts) == -(-plan.video.frames // rung.divisor)
        sample = rung.divisor * unit(plan.video)
        retold = [
            frame.body for part in parts for _, frame in sorted(samples_of(part.body, sample=sample).items())
        ]  # fmt: skip
        assert retold == samples(event, live.id, stretch.segments)
        shown = numbers(await house.body(rung.id, plan.video.segments), tmp_path)
        assert shown == list(SHOWN[:: rung.divisor])
    (sound,) = plan.audio
    heard = [
        frame.body
        for number in range(sound.segments)
        for _, frame in sorted(
            samples_of(await house.store.read(key_of(ASSET, sound.id, number)), sample=AAC_FRAME).items()
        )
    ]
    assert heard == samples(event, event.event.sound.id, stretch.segments)


@pytest.mark.parametrize(
    ("first", "stop", "edges"),
    [
        # Whatever begins with a key picture is taken, wherever it ends; a clip begins in the middle of an event.
        (0, SEGMENT + 21, []),
        (7, SEGMENT + 36, [SEGMENT - 7] * 2),
        (SEGMENT + 9, SEGMENT + 30, [21] * 2),
    ],
)
async def test_a_clip_of_an_event_encodes_its_first_group_alone(
    house: Recording, event: Tape, encoded: list[int], eventually: Callable[..., Awaitable[None]],
    tmp_path: Path, first: int, stop: int, edges: list[int],
) -> None:  # fmt: skip
    plan = await house.record(event, event.stretch(range(FIRST + 1, FIRST + 3)), range(first, stop))
    await house.jobs.enqueue(index_task(ASSET, 1))
    async with house.working():
        await eventually(house.ready, 60)
    assert encoded == edges
    assert plan.video is not None
    for rung in plan.video.rungs:
        shown = numbers(await house.body(rung.id, plan.video.segments), tmp_path)
        begin, end = SEGMENT + first, SEGMENT + stop
        wanted = [begin, *(frame for frame in range(begin + 1, end) if frame % rung.divisor == 0)]
        assert shown == [SHOWN[frame] for frame in wanted]


async def test_what_is_encoded_beside_has_the_same_init_section(house: Recording, event: Tape, tmp_path: Path) -> None:
    plan = await house.record(event, event.stretch(range(FIRST, FIRST + 1)), range(5, 40))
    assert plan.video is not None
    made: dict[tuple[RenditionId, int | None], bytes] = {}

    async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
        made[rendition, number] = body

    async with house.parts.sources.open(ASSET, 1) as source:
        await source.ensure()
        await encode_video(
            plan, Window(track="video", first=0, count=1), source=source.path, sink=sink, settings=SETTINGS
        )
    rung = plan.video.rungs[-1].id
    await house.handle(run_task(ASSET, 1, rung, 0, Level.JUST_IN_TIME))
    assert await house.store.read(key_of(ASSET, rung, None)) == made[rung, None]


def test_samples_are_numbered_from_the_epoch(event: Tape) -> None:
    top = event.event.rungs[-1]
    track = event.event.track(top.id)
    found = samples_of(event.bodies[top.id, FIRST + 1], sample=track.sample)
    assert list(found) == [*range((FIRST + 1) * SEGMENT, (FIRST + 2) * SEGMENT)]
    assert [number for number, frame in found.items() if frame.sync] == [(FIRST + 1) * SEGMENT]
    assert Fraction(track.sample, track.timescale) == Fraction(1, 50)


async def test_a_clip_of_a_recording_is_taken_from_that_and_reads_little(
    house: Recording, event: Tape, encoded: list[int], eventually: Callable[..., Awaitable[None]], tmp_path: Path
) -> None:
    """Of the recording's segments, for the live ones of the other rungs may be gone by then."""
    stretch = event.stretch()
    plan = await house.record(event, stretch)
    await house.jobs.enqueue(index_task(ASSET, 1))
    async with house.working():
        await eventually(house.ready, 60)
    lower = layout.live_rendition(CHANNEL, event.event.rungs[0].id)
    await house.store.delete([stat.key async for stat in house.store.list(lower)])
    cut = AssetId("cut")
    child = clip_of_frames(plan, range(SEGMENT + 7, 2 * SEGMENT + 20), asset=cut, version=1)
    source = await find_source(house.store, ASSET, 1)
    assert source is not None
    await write_source(house.store, cut, 1, narrowed(source, child))
    await write_profile(house.store, cut, 1, recorded_profile(DEFAULT))
    await write_plan(house.store, child)

    async def is_ready() -> bool:
        return await read_ready(house.store, cut, 1) is not None

    await house.jobs.enqueue(index_task(cut, 1))
    async with house.working():
        await eventually(is_ready, 60)
    assert sorted(encoded) == [20, 20, SEGMENT - 7, SEGMENT - 7]
    assert child.video is not None
    for rung in child.video.rungs:
        names = (None, *range(child.video.segments))
        body = b"".join([await house.store.read(key_of(cut, rung.id, number)) for number in names])
        begin, end = SEGMENT + 7, 2 * SEGMENT + 20
        wanted = [begin, *(frame for frame in range(begin + 1, end) if frame % rung.divisor == 0)]
        assert numbers(body, tmp_path) == [SHOWN[frame] for frame in wanted]
