from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.layout import AssetId, RenditionId
from transcoder import plan as plans
from transcoder.clip_plan import clip_of_frames, clip_of_samples, renamed
from transcoder.describe import media
from transcoder.plan import AAC_FRAME, AudioPlan, Parent, Plan, SourceReads, SourceRef, VideoPlan, VideoRung
from transcoder.planner import cuts

CLIP = AssetId("cut")
RATE = Fraction(30000, 1001)
FRAMES = 1000
RUNG = VideoRung(
    id=RenditionId("v90-2"), width=160, height=90, divisor=2, crf=25, average=64_000, maxrate=96_000, bufsize=48_000,
    profile="main", level="1.1", codecs="avc1.4d400b", bandwidth=122_400,
)  # fmt: skip


def parent() -> Plan:
    """33 s in segments of 120 frames, with sound."""
    video = VideoPlan(
        stream=0, rate=RATE, frames=FRAMES, gop=60, segment=120, time_base=Fraction(1, 30000), origin=700,
        starts=tuple(700 + 1001 * first for first in range(0, FRAMES, 120)), constant=True, interlaced=False, hdr=None,
        rotation=0, mirrored=False, width=160, height=90, rungs=(RUNG,),
    )  # fmt: skip
    samples = round(FRAMES / RATE * 48000)
    track = AudioPlan(
        id=RenditionId("a1-2"), stream=1, time_base=Fraction(1, 48000), origin=0, sample_rate=48000, channels=2,
        samples=samples, cuts=cuts(samples, video=video, segment=4), bitrate=128_000, codecs="mp4a.40.2",
        language="en", name="English", default=True,
    )  # fmt: skip
    reads = SourceReads(
        head=((0, 10),), video=tuple((100 * n, 100 * n + 150) for n in range(video.segments)),
        audio={track.id: tuple((1000 + 10 * n, 1000 + 10 * n + 30) for n in range(track.segments))},
    )  # fmt: skip
    source = SourceRef(key="sources/asset/2/source.json", size=5000, demuxer="mov")
    return Plan(asset=AssetId("asset"), version=2, source=source, video=video, audio=(track,), reads=reads)


RANGES = st.tuples(st.integers(0, FRAMES - 1), st.integers(1, FRAMES)).filter(lambda ends: ends[0] < ends[1])


@settings(deadline=None, max_examples=50)
@given(ends=RANGES)
def test_segments_end_where_the_parents_do(ends: tuple[int, int]) -> None:
    whole, made = parent(), clip_of_frames(parent(), range(*ends), asset=CLIP, version=1)
    assert made.video is not None
    assert whole.video is not None
    shown = [frame for number in range(made.video.segments) for frame in made.video.source_frames_of(number)]
    assert shown == list(range(*ends))
    assert len(made.video.starts) == made.video.segments
    edges = {made.video.source_frames_of(number).stop for number in range(made.video.segments)}
    assert edges == {edge for edge in range(120, FRAMES + 120, 120) if ends[0] < edge < ends[1]} | {ends[1]}
    for number, start in enumerate(made.video.starts):
        first = made.video.source_frames_of(number).start
        assert 700 + 1001 * (first - 1) <= start <= 700 + 1001 * first, "never behind the picture, and close to it"
    assert made.parent == Parent(asset=AssetId("asset"), version=2, begin=Fraction(ends[0]) / made.video.rate)
    assert plans.load(plans.dump(made)) == made


@settings(deadline=None, max_examples=50)
@given(ends=RANGES)
def test_sound_is_cut_to_the_sample_and_lasts_as_long_as_the_picture(ends: tuple[int, int]) -> None:
    made = clip_of_frames(parent(), range(*ends), asset=CLIP, version=1)
    track, whole = made.audio[0], parent().audio[0]
    assert abs(track.skip - ends[0] / RATE * 48000) <= Fraction(1, 2)
    assert abs(track.samples - (ends[1] - ends[0]) / RATE * 48000) <= Fraction(1, 2) or (
        track.skip + track.samples == whole.samples
    )
    assert track.cuts[-1] == -(-track.samples // AAC_FRAME)
    assert list(track.cuts) == sorted(set(track.cuts))
    assert media(made, track.id, uri_of=str).segments


@settings(deadline=None, max_examples=50)
@given(ends=RANGES)
def test_the_bytes_that_it_reads_are_those_that_its_parent_reads_there(ends: tuple[int, int]) -> None:
    whole, made = parent(), clip_of_frames(parent(), range(*ends), asset=CLIP, version=1)
    assert made.reads is not None
    assert whole.reads is not None
    assert made.reads.video == whole.reads.video[ends[0] // 120 : (ends[1] - 1) // 120 + 1]
    above, track = whole.audio[0], made.audio[0]
    for number, (start, end) in enumerate(made.reads.audio[track.id]):
        first = (track.cuts[number] * AAC_FRAME + track.skip) // AAC_FRAME
        last = (track.cuts[number + 1] * AAC_FRAME + track.skip - 1) // AAC_FRAME
        for place, (begin, stop) in enumerate(zip(above.cuts, above.cuts[1:], strict=False)):
            if begin <= last and stop > first:
                wanted = whole.reads.audio[above.id][place]
                assert start <= wanted[0]
                assert wanted[1] <= end


@settings(deadline=None, max_examples=50)
@given(outer=RANGES, data=st.data())
def test_a_clip_of_a_clip_is_a_clip(outer: tuple[int, int], data: st.DataObject) -> None:
    above = clip_of_frames(parent(), range(*outer), asset=CLIP, version=1)
    length = outer[1] - outer[0]
    first = data.draw(st.integers(0, length - 1))
    stop = data.draw(st.integers(first + 1, length))
    made = clip_of_frames(above, range(first, stop), asset=AssetId("again"), version=1)
    direct = clip_of_frames(parent(), range(outer[0] + first, outer[0] + stop), asset=AssetId("again"), version=1)
    assert made.video is not None
    assert direct.video is not None
    assert replace(made.video, starts=()) == replace(direct.video, starts=())
    assert made.audio[0].skip == direct.audio[0].skip


def test_of_sound_alone() -> None:
    whole = replace(parent(), video=None, reads=None)
    made = clip_of_samples(whole, range(48_001, 480_001), segment=4, asset=CLIP, version=1)
    assert (made.audio[0].skip, made.audio[0].samples) == (48_001, 432_000)
    assert made.audio[0].cuts == (0, 188, 375, 422)


def test_a_track_that_ends_early_goes_on_in_silence() -> None:
    whole = parent()
    short = replace(whole, audio=(replace(whole.audio[0], samples=48_000),))
    made = clip_of_frames(short, range(300, 600), asset=CLIP, version=1)
    assert made.audio[0].samples == round(300 / RATE * 48000)


@pytest.mark.parametrize("frames", [range(5, 5), range(7, 3), range(FRAMES + 1), range(-1, 5)])
def test_what_does_not_lie_in_the_parent_is_refused(frames: range) -> None:
    with pytest.raises(ValueError, match="range"):
        clip_of_frames(parent(), frames, asset=CLIP, version=1)


def test_renditions_carry_the_version() -> None:
    assert renamed(RenditionId("v1080-hevc-3"), 12) == "v1080-hevc-12"
