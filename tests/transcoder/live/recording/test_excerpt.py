from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from infra.memory import MemoryStore
from manifests import layout
from manifests.layout import AssetId
from tests.transcoder.live.recording.taped import FIRST, Tape
from transcoder.errors import PlanMissing
from transcoder.inputs import Reading
from transcoder.live.recording.excerpt import excerpt_of, keys_of
from transcoder.live.recording.plan import recorded_frames, recorded_plan
from transcoder.live.recording.source import recorded_source, write_head
from transcoder.plan import Parent

if TYPE_CHECKING:
    from transcoder.plan import Plan
    from transcoder.sources.pieces import SourceBytes

ASSET = AssetId("clip")
SEGMENT = Fraction(96, 50)


async def clip(event: Tape) -> tuple[Plan, SourceBytes]:
    stretch = event.stretch()
    source = recorded_source(stretch, await write_head(event.store, stretch, asset=ASSET, version=2))
    return recorded_frames(recorded_plan(stretch, source, asset=ASSET, version=2), range(7, 200)), source


def reading(begin: float | None, end: float, *, track: str = "video") -> Reading:
    """From and to so many segments behind the first."""
    seek = None if begin is None else (FIRST + Fraction(begin)) * SEGMENT
    return Reading(track=track, stream=0, seek=seek, end=(FIRST + Fraction(end)) * SEGMENT)


@pytest.mark.parametrize(
    ("begin", "end", "segments"),
    [
        (0, 1, [0]),
        (0.5, 1.5, [0, 1]),
        (1, 2, [1]),
        (2.5, 9, [2]),
        (None, 2, [0, 1]),
        (-3, 0.5, [0]),
        (-9, 9, [0, 1, 2]),
    ],
)
async def test_the_segments_between_two_moments(
    event: Tape, begin: float | None, end: float, segments: list[int]
) -> None:
    plan, source = await clip(event)
    for track, rendition in (("video", event.event.rungs[-1].id), ("a1-2", event.event.sound.id)):
        keys = keys_of(plan, source, reading(begin, end, track=track))
        assert keys[0] == layout.live_init(event.event.channel, rendition, "init-0.mp4")
        assert keys[1:] == [layout.live_segment(event.event.channel, rendition, FIRST + each) for each in segments]


async def test_a_file_has_them_end_to_end(event: Tape) -> None:
    plan, source = await clip(event)
    async with excerpt_of(event.store, plan, source) as excerpt:
        assert excerpt is not None
        for asked in (reading(0.5, 2), reading(1, 2)):
            await excerpt.ready(asked)
            wanted = [await event.store.read(key) for key in keys_of(plan, source, asked)]
            assert excerpt.path.read_bytes() == b"".join(wanted)
    assert not excerpt.path.exists()


async def test_what_is_gone_is_made_by_nobody(event: Tape) -> None:
    plan, source = await clip(event)
    async with excerpt_of(MemoryStore(), plan, source) as excerpt:
        assert excerpt is not None
        with pytest.raises(PlanMissing):
            await excerpt.ready(reading(0, 1))


async def test_other_plans_read_their_source(event: Tape) -> None:
    plan, source = await clip(event)
    of_a_clip = replace(plan, parent=Parent(asset=ASSET, version=1, begin=Fraction(0)))
    for other in (of_a_clip, replace(plan, recorded=None)):
        async with excerpt_of(event.store, other, source) as excerpt:
            assert excerpt is None
