from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.layout import AssetId
from transcoder import plan as plans
from transcoder.errors import SourceRefused
from transcoder.index import AudioStream, SourceIndex, VideoStream
from transcoder.plan import AAC_FRAME, Colour, Plan, Protection, SourceRef
from transcoder.planner import make_plan
from transcoder.profile import DEFAULT, Encryption, Profile
from transcoder.sound_tracks import MAX_TRACKS
from transcoder.source_limits import SourceLimits

VIDEO = VideoStream(
    index=0, codec="h264", time_base=Fraction(1, 90000), stamps=tuple(range(0, 3600 * 250, 3600)), end=3600 * 250,
    width=1280, height=720, sar=Fraction(1), rate=Fraction(25), rotation=0, mirrored=False, interlaced=False, hdr=None,
    colour=Colour(), pixel_format="yuv420p", bit_depth=8, full_range=False, default=True,
)  # fmt: skip
"""10 s at 25 frames a second."""

AUDIO = AudioStream(
    index=1, codec="aac", time_base=Fraction(1, 48000), start=0, end=480_000, sample_rate=48000, channels=2,
    language="eng", title="", default=True,
)  # fmt: skip
"""10 s."""


def _plan(
    *streams: VideoStream | AudioStream, limits: SourceLimits | None = None, profile: Profile = DEFAULT,
    grown: Plan | None = None,
) -> Plan:  # fmt: skip
    index = SourceIndex(
        demuxer="mov",
        video=tuple(stream for stream in streams if isinstance(stream, VideoStream)),
        audio=tuple(stream for stream in streams if isinstance(stream, AudioStream)),
    )
    source = SourceRef(key="sources/a/1", size=1, demuxer="mov")
    made = make_plan(
        asset=AssetId("a"), version=1, source=source, index=index, profile=profile, limits=limits, grown=grown
    )
    assert plans.load(plans.dump(made)) == made
    return made


def _moved(stream: VideoStream, ticks: int) -> VideoStream:
    return replace(stream, stamps=tuple(stamp + ticks for stamp in stream.stamps), end=stream.end + ticks)


def test_a_plain_file() -> None:
    made = _plan(VIDEO, AUDIO)
    assert made.video is not None
    assert (made.video.rate, made.video.frames, made.video.gop, made.video.segment) == (25, 250, 50, 100)
    assert made.video.starts == (0, 360_000, 720_000)
    assert [rung.id for rung in made.video.rungs] == ["v234-1", "v360-1", "v432-1", "v540-1", "v720-1"]
    (track,) = made.audio
    assert (track.id, track.samples, track.language, track.name, track.default) == (
        "a1-1",
        480_000,
        "en",
        "English",
        True,
    )
    # The frames nearest to 4 s and 8 s.
    assert track.cuts == (0, 188, 375, 469)
    assert made.duration == 10


@pytest.mark.parametrize(
    ("rate", "gop", "segment"),
    [
        (Fraction(24000, 1001), 48, 96), (Fraction(25), 50, 100), (Fraction(30000, 1001), 60, 120),
        (Fraction(60000, 1001), 120, 240), (Fraction(1), 2, 4), (Fraction(25, 2), 24, 48), (Fraction(15), 30, 60),
    ],
)  # fmt: skip
def test_gops_last_two_seconds_and_are_even(rate: Fraction, gop: int, segment: int) -> None:
    stamps = tuple(round(number * 90000 / rate) for number in range(101))
    video = _plan(replace(VIDEO, stamps=stamps[:-1], end=stamps[-1], rate=rate)).video
    assert video is not None
    assert (video.rate, video.gop, video.segment) == (rate, gop, segment)


def test_zero_is_where_the_first_stream_begins() -> None:
    made = _plan(_moved(VIDEO, 90000 + 27000), replace(AUDIO, start=48000, end=528_000))
    assert made.video is not None
    # The picture comes 7.5 frames after the sound, so on the seventh frame; the first 20 ms of sound are left out.
    assert (made.video.frames, made.video.starts[0]) == (257, 117_000)
    assert (made.audio[0].origin, made.audio[0].samples) == (48_960, 479_040)


def test_sound_that_would_be_missed_is_kept() -> None:
    made = _plan(_moved(VIDEO, 90000 + 2700), replace(AUDIO, start=48000, end=528_000))
    assert made.video is not None
    # 30 ms before the picture: its frame comes 10 ms sooner, and is held for 50.
    assert (made.video.frames, made.audio[0].origin, made.audio[0].samples) == (251, 47_520, 480_480)


def test_late_sound_begins_with_silence() -> None:
    made = _plan(VIDEO, replace(AUDIO, start=144_000, end=480_000))
    assert (made.audio[0].origin, made.audio[0].samples) == (0, 480_000)


def test_a_picture_that_ends_early_stays() -> None:
    made = _plan(VIDEO, replace(AUDIO, end=48_000 * 15))
    assert made.video is not None
    assert made.video.frames == 375
    assert made.video.starts[-1] == VIDEO.stamps[-1]


def test_sound_that_ends_early_goes_on_as_silence() -> None:
    made = _plan(VIDEO, replace(AUDIO, end=48_000 * 5), replace(AUDIO, index=2, end=48_000 * 5))
    assert [track.samples for track in made.audio] == [480_000, 480_000]


def test_less_than_half_a_second_stays_as_it_is() -> None:
    made = _plan(VIDEO, replace(AUDIO, end=470_000), replace(AUDIO, index=2, end=490_000))
    assert made.video is not None
    assert made.video.frames == 250
    assert [track.samples for track in made.audio] == [470_000, 490_000]
    # What sounds after the last picture belongs to the last segment.
    assert [track.segments for track in made.audio] == [3, 3]


def test_sound_alone_is_cut_every_four_seconds() -> None:
    made = _plan(replace(AUDIO, end=48_000 * 12 + 1000))
    assert made.video is None
    assert made.audio[0].cuts == (0, 188, 375, 564)
    assert made.duration == Fraction(577_000, 48_000)


def test_sample_counts_are_exact_at_48_khz() -> None:
    made = _plan(replace(AUDIO, time_base=Fraction(1, 44100), sample_rate=44100, end=44_101))
    assert made.audio[0].samples == round(Fraction(44_101 * 48_000, 44_100)) == 48_001


def test_interlaced_pictures_become_twice_as_many() -> None:
    video = _plan(replace(VIDEO, interlaced=True, height=576, width=720, sar=Fraction(64, 45))).video
    assert video is not None
    assert (video.rate, video.frames, video.interlaced, video.width, video.height) == (50, 500, True, 1024, 576)


def test_a_turned_picture_has_a_turned_ladder() -> None:
    video = _plan(replace(VIDEO, rotation=90, mirrored=True, hdr="hlg")).video
    assert video is not None
    assert (video.rotation, video.mirrored, video.hdr, video.width, video.height) == (90, True, "hlg", 720, 1280)
    assert (video.rungs[-1].width, video.rungs[-1].height) == (720, 1280)


def test_the_picture_is_the_default_one_then_the_largest() -> None:
    small = replace(VIDEO, index=3, width=640, height=360)
    chosen = _plan(small, VIDEO).video
    assert chosen is not None
    assert chosen.stream == 0
    chosen = _plan(small, replace(VIDEO, default=False)).video
    assert chosen is not None
    assert chosen.stream == 3


def test_tracks_have_names_of_their_own_and_one_default() -> None:
    made = _plan(
        VIDEO,
        replace(AUDIO, default=False),
        replace(AUDIO, index=2, title="Stade", language="fre"),
        replace(AUDIO, index=3, language="eng", default=True),
        replace(AUDIO, index=4, language='en"', title='<b>"x",URI="http://a"\r\n#EXT'),
        replace(AUDIO, index=5, language="und"),
    )
    assert [(track.name, track.language, track.default) for track in made.audio] == [
        ("English", "en", False),
        ("Stade", "fr", True),
        ("English (3)", "en", False),
        ("<b>'x',URI='http://a'#EXT", "und", False),
        ("Audio 5", "und", False),
    ]


def test_tracks_beyond_the_limit_are_left_out() -> None:
    assert len(_plan(VIDEO, *(replace(AUDIO, index=n) for n in range(1, 20))).audio) == MAX_TRACKS


def test_many_channels_are_made_in_stereo_and_in_surround() -> None:
    made = _plan(VIDEO, AUDIO, replace(AUDIO, index=2, channels=6, default=False), replace(AUDIO, index=3, channels=4))
    found = [(track.id, track.stream, track.channels, track.bitrate) for track in made.audio]
    assert found == [
        ("a1-1", 1, 2, 128_000), ("a2-1", 2, 2, 160_000), ("a3-1", 3, 2, 160_000), ("s2-1", 2, 6, 384_000),
    ]  # fmt: skip
    assert made.audio[3].cuts == made.audio[1].cuts
    without = _plan(VIDEO, replace(AUDIO, channels=6), profile=Profile(surround=False))
    assert [track.id for track in without.audio] == ["a1-1"]


def test_a_pair_of_mono_tracks_is_one_rendition_that_ends_with_the_longer() -> None:
    mono = replace(AUDIO, channels=1, title="")
    (track,) = _plan(VIDEO, mono, replace(mono, index=2, end=480_000 + 9600)).audio
    assert (track.stream, track.right, track.channels, track.samples) == (1, 2, 2, 489_600)


def test_a_plan_goes_on_with_the_tracks_it_began_with() -> None:
    mono = replace(AUDIO, channels=1)
    streams = (VIDEO, mono, replace(mono, index=2), replace(AUDIO, index=3, channels=6))
    begun = _plan(*streams)
    longer = tuple(replace(each, end=each.end + 48_000) for each in streams[1:])
    made = _plan(VIDEO, *longer, grown=begun)
    assert [(track.id, track.streams) for track in made.audio] == [(track.id, track.streams) for track in begun.audio]
    assert [track.samples for track in made.audio] == [track.samples + 48_000 for track in begun.audio]


def test_streams_that_begin_hours_apart_are_refused() -> None:
    with pytest.raises(SourceRefused) as refused:
        _plan(_moved(VIDEO, 90000 * 5000), AUDIO)
    assert refused.value.code == "broken_timeline"


def test_a_presentation_beyond_the_limit_is_refused() -> None:
    with pytest.raises(SourceRefused, match="5 s") as refused:
        _plan(VIDEO, AUDIO, limits=SourceLimits(max_duration=5))
    assert refused.value.code == "too_long"


@given(
    st.integers(1, 48_000 * 600),
    st.sampled_from([None, Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60)]),
)
@settings(deadline=None)
def test_sound_is_cut_at_the_frames_nearest_to_the_picture(samples: int, rate: Fraction | None) -> None:
    streams: list[VideoStream | AudioStream] = [replace(AUDIO, end=samples)]
    if rate is not None:
        stamps = tuple(round(number * 90000 / rate) for number in range(round(samples * rate / 48_000) + 2))
        streams.append(replace(VIDEO, stamps=stamps[:-1], end=stamps[-1], rate=rate))
    made = _plan(*streams)
    (track,) = made.audio
    assert track.cuts[0] == 0
    assert track.cuts[-1] == -(-track.samples // AAC_FRAME)
    assert list(track.cuts) == sorted(set(track.cuts))
    length = made.video.segment / made.video.rate if made.video is not None else Fraction(4)
    for number, cut in enumerate(track.cuts[1:-1], 1):
        assert abs(Fraction(cut * AAC_FRAME, 48_000) - number * length) <= Fraction(AAC_FRAME, 2 * 48_000)
    if made.video is not None:
        assert track.segments <= made.video.segments
    assert (track.cuts[-1] - track.cuts[-2]) * AAC_FRAME <= (length + Fraction(3, 5)) * 48_000


@pytest.mark.parametrize(
    ("gop", "segment", "rotation", "period", "early"),
    [(2, 4, 0, 0, 0), (2, 4, 4, 1, 2), (2, 4, 60, 15, 30), (1, 3, 3, 1, 1), (1, 5, 10, 2, 5), (4, 8, 8, 1, 2)],
)
def test_a_key_is_used_for_whole_segments_and_never_longer_than_asked_for(
    gop: int, segment: int, rotation: int, period: int, early: int
) -> None:
    profile = replace(DEFAULT, gop=gop, segment=segment, encryption=Encryption.AES_128, key_rotation=rotation)
    made = _plan(VIDEO, AUDIO, profile=profile)
    assert made.protection == Protection(scheme=Encryption.AES_128, period=period)
    # While a source arrives segments are shorter, and stay so.
    grown = replace(_plan(VIDEO, AUDIO, profile=profile.early()), grown=True)
    assert grown.protection == Protection(scheme=Encryption.AES_128, period=early)
    assert _plan(VIDEO, AUDIO, profile=profile, grown=grown).protection == grown.protection


def test_a_plan_is_not_encrypted_unless_its_profile_says_so() -> None:
    assert _plan(VIDEO, AUDIO).protection is None
