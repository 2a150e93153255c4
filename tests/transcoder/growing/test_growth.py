"""A plan that grows: everything that was published is a part of the plan of the whole source, whatever arrives when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.layout import AssetId
from transcoder.errors import SourceRefused
from transcoder.growing.growth import Growth, Head, Seen
from transcoder.index import AudioStream, SourceIndex, VideoStream
from transcoder.plan import Colour, Plan, SourceRef
from transcoder.planner import make_plan
from transcoder.probe.reordering import MOST
from transcoder.profile import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterator

ASSET = AssetId("asset")
SOURCE = SourceRef(key="sources/asset/1/source.json", size=0, demuxer="mpegts")
NTSC = Fraction(30000, 1001)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source as a scan meets it: its index when it is whole, and its pictures in decoding order."""

    index: SourceIndex
    decoding: Sequence[int]

    @property
    def video(self) -> VideoStream:
        return self.index.video[0]

    @property
    def head(self) -> Head:
        return Head(index=self.index, decoded={0: self.video.stamps[:8]})

    @property
    def reference(self) -> SourceRef:
        return replace(SOURCE, demuxer=self.index.demuxer)

    def growth(self, grown: Plan | None = None) -> Growth:
        return Growth(self.head, asset=ASSET, version=1, source=self.reference, grown=grown)

    def whole(self, grown: Plan | None) -> Plan:
        return make_plan(
            asset=ASSET, version=1, source=self.reference, index=self.index, profile=DEFAULT.early(), grown=grown
        )

    def arriving(self, steps: Sequence[int]) -> Iterator[dict[int, Seen]]:
        """So many pictures a step, and the sound that is interleaved with them; then all that is left."""
        at = 0
        for step in (*steps, len(self.decoding)):
            part = self.decoding[at : at + step]
            at += len(part)
            now = max(self.decoding[:at], default=0) * self.video.time_base
            seen = {0: Seen(stamps=part)}
            for track in self.index.audio:
                if now > track.start * track.time_base:
                    seen[track.index] = Seen(end=min(track.end, int(now / track.time_base)))
            yield seen


def make_source(
    *,
    seconds: Fraction = Fraction(20),
    rate: Fraction = Fraction(25),
    time_base: Fraction = Fraction(1, 90_000),
    claimed: Fraction | None = Fraction(25),
    first: Fraction = Fraction(0),
    lost: frozenset[int] = frozenset(),
    b_pictures: int = 2,
    reordering: int | None = None,
    sounds: Sequence[tuple[Fraction, Fraction]] = ((Fraction(0), Fraction(20)),),
    channels: int = 2,
    demuxer: str = "mpegts",
) -> Source:
    """`lost`: pictures that are not there (variable rate); `sounds`: start and end of each track, s; `reordering`: what
    the stream says of it, None for what is true."""
    count = max(2, int(seconds * rate))
    stamps = [round((first + n / rate) / time_base) for n in range(count) if n not in lost or n == 0]
    # Each group of B pictures is decoded after the picture that is shown behind it.
    decoding: list[int] = []
    for begin in range(0, len(stamps), b_pictures + 1):
        *between, ahead = stamps[begin : begin + b_pictures + 1]
        decoding += [ahead, *between]
    video = VideoStream(
        index=0, codec="h264", time_base=time_base, stamps=stamps, end=stamps[-1] + round(1 / rate / time_base),
        width=640, height=360, sar=Fraction(1), rate=claimed, rotation=0, mirrored=False, interlaced=False, hdr=None,
        colour=Colour(), pixel_format="yuv420p", bit_depth=8, full_range=False, default=True,
        reordering=min(1, b_pictures) if reordering is None else reordering,
    )  # fmt: skip
    tick = Fraction(1, 48_000)
    audio = tuple(
        AudioStream(
            index=number, codec="aac", time_base=tick, start=round(start / tick), end=round(end / tick),
            sample_rate=48_000, channels=channels, language="en", title="", default=number == 1,
        )
        for number, (start, end) in enumerate(sounds, 1)
    )  # fmt: skip
    return Source(index=SourceIndex(demuxer=demuxer, video=(video,), audio=audio), decoding=decoding)


def check_is_beginning(grown: Plan, plan: Plan) -> None:
    """Every segment of `grown` is one of `plan`, to the frame and the sample, in the same renditions."""
    assert grown.grown
    assert plan.grown
    assert grown.video is not None
    assert plan.video is not None
    segments = grown.video.segments
    assert grown.video.frames == segments * grown.video.segment
    assert plan.video.segments >= segments
    assert plan.video.starts[:segments] == grown.video.starts
    frozen = {"frames": 1, "starts": (), "constant": False}
    assert replace(plan.video, **frozen) == replace(grown.video, **frozen)
    assert len(plan.audio) == len(grown.audio)
    for track, before in zip(plan.audio, grown.audio, strict=True):
        assert before.segments == segments
        assert track.cuts[: segments + 1] == before.cuts
        varies = {"samples": 0, "cuts": (), "entries": ()}
        assert replace(track, **varies) == replace(before, **varies)


rates = st.sampled_from(
    [Fraction(24000, 1001), Fraction(24), Fraction(25), NTSC, Fraction(50), Fraction(60), Fraction(120)]
)
time_bases = st.sampled_from([Fraction(1, 1000), Fraction(1, 90_000), Fraction(1, 12_800)])


@st.composite
def sources(draw: st.DrawFn) -> Source:
    rate = draw(rates)
    seconds = draw(st.fractions(min_value=4, max_value=25, max_denominator=30))
    count = int(seconds * rate)
    sounds = draw(
        st.lists(
            st.tuples(
                st.fractions(min_value=0, max_value=5, max_denominator=50),
                st.fractions(min_value=6, max_value=28, max_denominator=50),
            ),
            max_size=2,
        )
    )
    return make_source(
        seconds=seconds,
        rate=rate,
        time_base=draw(time_bases),
        claimed=draw(st.sampled_from([rate, None, Fraction(30)])),
        first=draw(st.fractions(min_value=0, max_value=3, max_denominator=90)),
        lost=draw(st.frozensets(st.integers(min_value=1, max_value=max(1, count - 1)), max_size=count // 3)),
        b_pictures=draw(st.integers(min_value=0, max_value=3)),
        reordering=draw(st.sampled_from([None, None, 2, MOST])),
        # Both of a pair begin at once.
        sounds=[(sounds[0][0], end) for _, end in sounds] if draw(st.booleans()) else sounds,
        channels=draw(st.sampled_from([1, 2, 6])),
        demuxer=draw(st.sampled_from(["mpegts", "mov"])),
    )


@settings(max_examples=60, deadline=None)
@given(source=sources(), steps=st.lists(st.integers(min_value=0, max_value=150), max_size=30))
def test_all_that_was_published_is_a_part_of_the_whole(source: Source, steps: list[int]) -> None:
    growth = source.growth()
    plans = [growth.plan for seen in source.arriving(steps) if growth.add(seen) and growth.plan is not None]
    whole = source.whole(grown=plans[-1] if plans else None)
    for earlier, later in zip(plans, [*plans[1:], whole], strict=True) if plans else ():
        check_is_beginning(earlier, later)
        assert later.video is not None
        assert earlier.video is not None
        assert later.video.segments > earlier.video.segments


@pytest.mark.parametrize("rate", [Fraction(25), NTSC, Fraction(60), Fraction(120)])
def test_a_constant_rate_comes_to_the_plan_that_the_whole_would_have(rate: Fraction) -> None:
    source = make_source(rate=rate, claimed=rate, seconds=Fraction(61, 3), sounds=[(Fraction(1, 10), Fraction(20))])
    growth = source.growth()
    for seen in source.arriving([7] * 1000):
        growth.add(seen)
    assert growth.plan is not None
    assert source.whole(growth.plan) == replace(source.whole(None), grown=True)


@pytest.mark.parametrize("most", [0, 2, MOST])
def test_a_segment_is_there_as_soon_as_its_pictures_are_known_for_good(most: int) -> None:
    source = make_source(b_pictures=0, reordering=most, sounds=[])
    growth = source.growth()
    assert not growth.add({0: Seen(stamps=source.decoding[: 2 * 25 + most])})
    assert growth.add({0: Seen(stamps=source.decoding[2 * 25 + most :][:1])})
    assert growth.plan is not None
    assert growth.plan.video is not None
    assert growth.plan.video.starts == (0,)


def test_sound_that_is_not_there_holds_the_growth_up() -> None:
    source = make_source()
    growth = source.growth()
    assert not growth.add({0: Seen(stamps=source.decoding)})
    assert growth.add({1: Seen(end=5 * 48_000)})
    assert growth.plan is not None
    assert growth.plan.audio[0].segments == 2
    assert not growth.add({1: Seen(end=6 * 48_000)})
    assert growth.add({1: Seen(end=20 * 48_000)})
    assert growth.plan.audio[0].segments == 9


def test_a_rate_that_the_container_does_not_confirm_is_waited_for() -> None:
    """In milliseconds, 24 and 23.976 frames a second cannot be told apart at first."""
    rate = Fraction(24000, 1001)
    source = make_source(rate=rate, claimed=None, time_base=Fraction(1, 1000), sounds=[])
    growth = source.growth()
    assert not growth.add({0: Seen(stamps=source.decoding[:200])})
    assert growth.add({0: Seen(stamps=source.decoding[200:])})
    assert growth.plan is not None
    assert growth.plan.video is not None
    assert growth.plan.video.rate == rate


def test_a_second_scan_goes_on_from_what_the_first_has_published() -> None:
    source = make_source()
    first, again = source.growth(), None
    arriving = list(source.arriving([100] * 4))
    for seen in arriving[:3]:
        first.add(seen)
    published = first.plan
    assert published is not None
    again = source.growth(grown=published)
    grew = [again.add(seen) for seen in arriving]
    assert grew == [False, False, False, True, True]
    assert again.plan is not None
    check_is_beginning(published, again.plan)


def test_a_source_that_changes_its_rate_stays_on_the_grid_that_it_began_with() -> None:
    source = make_source(lost=frozenset(n for n in range(200, 500) if n % 2), sounds=[])
    growth = source.growth()
    for seen in source.arriving([50] * 3):
        growth.add(seen)
    whole = source.whole(growth.plan)
    assert whole.video is not None
    assert (whole.video.rate, whole.video.frames) == (25, 499)
    assert not whole.video.constant


def test_sound_alone_does_not_grow() -> None:
    source = make_source()
    head = Head(index=replace(source.index, video=()), decoded={})
    growth = Growth(head, asset=ASSET, version=1, source=SOURCE)
    assert not growth.add({1: Seen(end=20 * 48_000)})
    assert growth.plan is None


def test_a_stream_that_turns_out_damaged_refuses_the_source() -> None:
    source = make_source()
    growth = source.growth()
    for seen in source.arriving([100]):
        growth.add(seen)
    silent = replace(source, index=replace(source.index, audio=()))
    with pytest.raises(SourceRefused) as refused:
        silent.whole(growth.plan)
    assert refused.value.code == "unreadable"
