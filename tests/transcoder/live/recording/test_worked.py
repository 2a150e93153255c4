"""What workers do for a clip of what was live, from its plan to its last object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.ports import Level
from tests.transcoder.house import ASSET, House
from tests.transcoder.live.recording.taped import LADDER
from transcoder.audio import encode_audio
from transcoder.facts import write_plan, write_profile
from transcoder.ffmpeg import telling
from transcoder.live.recording.at_once import take
from transcoder.live.recording.plan import recorded_frames, recorded_plan, recorded_profile
from transcoder.live.recording.source import recorded_source, write_head
from transcoder.publish import key_of
from transcoder.sources.pieces import find_source, write_source
from transcoder.windows import Window, index_task, window_task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from manifests.layout import RenditionId
    from tests.transcoder.live.recording.taped import Tape
    from transcoder.ffmpeg import Child
    from transcoder.plan import Plan

FRAMES = range(7, 200)
"""Of segments of one group, of 96 pictures: from inside of the first to inside of the third."""


async def asked(house: House, event: Tape) -> Plan:
    """A clip as it lies in the bucket when its task is queued."""
    await event.copy(house.store)
    stretch = event.stretch()
    source = recorded_source(stretch, await write_head(house.store, stretch, asset=ASSET, version=1))
    plan = recorded_frames(recorded_plan(stretch, source, asset=ASSET, version=1), FRAMES)
    await write_source(house.store, ASSET, 1, source)
    await write_profile(house.store, ASSET, 1, recorded_profile(LADDER))
    await write_plan(house.store, plan)
    return plan


async def test_a_clip_is_one_encode_of_pictures_and_one_of_sound(
    event: Tape, tmp_path: Path, eventually: Callable[..., Awaitable[None]]
) -> None:
    house, children = House(tmp_path), list[tuple[str, ...]]()
    plan = await asked(house, event)

    def note(child: Child) -> None:
        children.append(child.argv)

    with telling(note):
        async with house.working():
            await house.jobs.enqueue(index_task(ASSET, 1))
            await eventually(house.ready, timeout=60)
    taken: dict[tuple[RenditionId, int | None], bytes] = {}
    assert plan.video is not None
    rungs = [rung.id for rung in plan.video.rungs]
    assert sorted((argv.count("libx264"), argv.count("aac")) for argv in children) == [
        (0, 1), (len(rungs), 0),
    ]  # fmt: skip

    async def keep(rendition: RenditionId, number: int | None, body: bytes) -> None:
        taken[rendition, number] = body

    for rung in rungs:
        for number in range(1, plan.video.segments):
            assert await take(house.store, plan, rung, number, keep)
            assert await house.store.read(key_of(ASSET, rung, number)) == taken[rung, number]


async def test_its_sound_is_that_of_the_whole_source(event: Tape, tmp_path: Path) -> None:
    house = House(tmp_path / "sources")
    plan = await asked(house, event)
    (track,) = plan.audio
    window = Window(track=track.id, first=0, count=track.segments)
    await house.handle(window_task(ASSET, 1, window, Level.INDEX))
    source = await find_source(house.store, ASSET, 1)
    assert source is not None
    whole = tmp_path / "whole.mp4"
    whole.write_bytes(b"".join([await house.store.read(piece.key) for piece in source.pieces]))

    async def same(rendition: RenditionId, number: int | None, body: bytes) -> None:
        assert await house.store.read(key_of(ASSET, rendition, number)) == body

    await encode_audio(plan, track, window, source=whole, sink=same)
