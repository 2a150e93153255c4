from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests import layout
from manifests.layout import AssetId
from tests.transcoder.live import feeds
from tests.transcoder.live.recording.taped import FIRST
from transcoder import plan as plans
from transcoder.clip_plan import clip_of_frames
from transcoder.live.recording.model import Stretch, whole
from transcoder.live.recording.plan import recorded_frames, recorded_plan
from transcoder.live.recording.source import narrowed, recorded_source
from transcoder.plan import AAC_FRAME
from transcoder.sources.pieces import Piece

if TYPE_CHECKING:
    from transcoder.live.event import LiveEvent
    from transcoder.plan import Plan

ASSET = AssetId("recording")


def stretch_of(event: LiveEvent, length: int) -> Stretch:
    segments = range(FIRST, FIRST + length)
    sizes = {(rendition, number): 100 for rendition in event.renditions for number in segments}
    return whole(event, segments, sizes=sizes, inits=dict.fromkeys(event.renditions, "init-0.mp4"))


def planned(stretch: Stretch) -> Plan:
    source = recorded_source(stretch, Piece(key="sources/recording/2/0-0", start=0, size=1000))
    return recorded_plan(stretch, source, asset=ASSET, version=2)


@given(
    rate=st.sampled_from((25, 30, 50, 60)), long_parts=st.booleans(), length=st.integers(1, 9),
    cut=st.floats(0, 1, exclude_min=True),
)  # fmt: skip
def test_a_plan_is_cut_where_the_event_was(rate: int, long_parts: bool, length: int, cut: float) -> None:
    event = feeds.event(rate=rate, long_parts=long_parts)
    stretch = stretch_of(event, length)
    grid = event.grid
    last = max(1, int(cut * grid.parts * grid.part))
    units = max(1, last * 48_000 // rate // AAC_FRAME)
    stretch = replace(
        stretch, frames=(length - 1) * grid.parts * grid.part + last,
        units=(length - 1) * grid.parts * grid.audio_part + units,
    )  # fmt: skip
    plan = planned(stretch)
    video, (sound,) = plan.video, plan.audio
    assert video is not None
    assert (video.segments, sound.segments) == (length, length)
    assert len(video.frames_of(length - 1)) == last
    for number in range(length - 1):
        begin = Fraction(video.frames_of(number).start) / video.rate
        assert begin == Fraction(sound.cuts[number] * AAC_FRAME, sound.sample_rate) == number * grid.segment_s
        assert video.starts[number] * video.time_base == (FIRST + number) * grid.segment_s
    assert plans.load(plans.dump(plan)) == plan
    assert {rung.id for rung in video.rungs} == {"v90-2", "v180-2"}


def test_frames_of_a_recording_are_nobodys_child_and_a_clip_of_it_is_one() -> None:
    plan = planned(stretch_of(feeds.event(), 4))
    cut = recorded_frames(plan, range(50, 100))
    assert (cut.parent, cut.recorded, cut.is_cut) == (None, plan.recorded, True)
    assert cut.video is not None
    assert (cut.video.skip, cut.video.frames) == (50, 50)
    child = clip_of_frames(plan, range(50, 100), asset=AssetId("clip"), version=1)
    assert child.parent is not None
    assert child.recorded == plan.recorded


def test_a_clip_reads_no_more_of_a_recording_than_it_needs() -> None:
    stretch = stretch_of(feeds.event(), 20)
    source = recorded_source(stretch, Piece(key="sources/recording/2/0-0", start=0, size=1000))
    plan = recorded_plan(stretch, source, asset=ASSET, version=2)
    child = clip_of_frames(plan, range(10 * 48 + 5, 12 * 48), asset=AssetId("clip"), version=1)
    found = narrowed(source, child)
    numbers = [layout.parse_live_segment(piece.key) for piece in found.pieces[1:]]
    assert found.pieces[0] == source.pieces[0]
    assert [each.number - FIRST for each in numbers if each is not None] == [8, 8, 9, 9, 10, 10, 11, 11, 12, 12]
    assert found.whole
    again = clip_of_frames(child, range(1, 2), asset=AssetId("again"), version=1)
    assert len(narrowed(found, again).pieces) == 1 + 2 * 4
    assert narrowed(source, replace(child, recorded=None)) is source


@pytest.mark.parametrize("frames", [0, 144, 193])
def test_a_stretch_says_what_is_in_its_segments(frames: int) -> None:
    stretch = stretch_of(feeds.event(), 4)
    assert replace(stretch, frames=145).frames == 145
    with pytest.raises(ValueError, match="frames in"):
        replace(stretch, frames=frames)
