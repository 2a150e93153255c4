from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import ffmpeg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.layout import RenditionId
from transcoder.pictures import Cut, nearest_frame, rung_pictures
from transcoder.plan import Colour, VideoPlan, VideoRung


def _rung(width: int, height: int, divisor: int = 1) -> VideoRung:
    return VideoRung(
        id=RenditionId(f"v{height}-1"), width=width, height=height, divisor=divisor, crf=20, average=1,
        maxrate=1, bufsize=1, profile="high", level="4.0", codecs="avc1.640028", bandwidth=1,
    )  # fmt: skip


def _video(
    *, rate: Fraction = Fraction(25), time_base: Fraction = Fraction(1, 12800), origin: int = 0, hdr: str | None = None,
    interlaced: bool = False, rotation: int = 0, width: int = 1920, height: int = 1080,
) -> VideoPlan:  # fmt: skip
    return VideoPlan(
        stream=0, rate=rate, frames=100, gop=50, segment=100, time_base=time_base, origin=origin, starts=(0,),
        constant=True, interlaced=interlaced, hdr=hdr, rotation=rotation, mirrored=False, width=width, height=height,
        rungs=(),
    )  # fmt: skip


def _graph(video: VideoPlan, *rungs: VideoRung, first: int = 0, lead: int = 0) -> str:
    streams = rung_pictures(ffmpeg.input("source")["0"], video, Cut(first=first, count=100, lead=lead), rungs)
    argv = ffmpeg.compile(ffmpeg.merge_outputs(*(ffmpeg.output(stream, f"{n}") for n, stream in enumerate(streams))))
    return str(argv[argv.index("-filter_complex") + 1])


@given(
    st.integers(-(2**40), 2**40),
    st.sampled_from([Fraction(24000, 1001), Fraction(25), Fraction(60000, 1001)]),
    st.sampled_from([Fraction(1, 90000), Fraction(1, 1000), Fraction(1001, 30000)]),
)
def test_the_nearest_frame_is_at_most_half_a_frame_away(stamp: int, rate: Fraction, time_base: Fraction) -> None:
    exact = stamp * time_base * rate
    assert abs(nearest_frame(_video(rate=rate, time_base=time_base), stamp) - exact) <= Fraction(1, 2)


def test_halves_go_away_from_zero() -> None:
    video = _video(time_base=Fraction(1, 50))
    assert [nearest_frame(video, stamp) for stamp in (-3, -1, 0, 1, 3)] == [-2, -1, 0, 1, 2]


def test_a_cascade_from_the_largest_rung_down_in_any_order() -> None:
    graph = _graph(_video(), _rung(640, 360), _rung(1280, 720), _rung(320, 180, 2))
    assert graph.index("scale=1280:720") < graph.index("scale=640:360") < graph.index("scale=320:180")
    assert graph.count("split=2") == 2
    assert "framestep=2" in graph
    assert "fps=25/2:round=near" in graph


def test_frames_are_cut_by_integers() -> None:
    graph = _graph(_video(origin=-64, rate=Fraction(30000, 1001)), _rung(640, 360), first=240, lead=60)
    assert "setpts=PTS-(-64)" in graph
    assert "settb=1001/30000" in graph
    assert "setpts=PTS-(180)" in graph
    assert "trim=end_pts=160:start_pts=60" in graph
    assert "setpts=PTS+(180)" in graph


def test_a_turned_picture_is_scaled_before_it_is_turned() -> None:
    graph = _graph(_video(rotation=90), _rung(360, 640))
    assert graph.index("scale=640:360") < graph.index("transpose=clock")


def test_fields_are_separated_before_the_grid() -> None:
    graph = _graph(_video(interlaced=True), _rung(640, 360))
    assert graph.index("bwdif") < graph.index("fps=25")


def test_tone_mapping_works_on_the_largest_rungs_size() -> None:
    graph = _graph(_video(hdr="pq"), _rung(640, 360))
    assert graph.index("scale=640:360") < graph.index("transferin=smpte2084") < graph.index("tonemap=mobius")


@pytest.mark.parametrize(
    ("colour", "words"),
    [
        (Colour(), None),
        (Colour(matrix="170m"), "zscale=matrix=709:matrixin=170m:range=limited:rangein=limited"),
        (Colour(full_range=True), "zscale=matrix=709:matrixin=709:range=limited:rangein=full"),
        (Colour(matrix="2020_ncl", wide=True), "primaries=709:primariesin=2020"),
        (Colour(matrix="rgb"), "out_color_matrix=bt709"),
    ],
)  # fmt: skip
def test_colours_are_converted_only_where_they_differ(colour: Colour, words: str | None) -> None:
    graph = _graph(replace(_video(), colour=colour), _rung(640, 360))
    assert words in graph if words is not None else "zscale" not in graph
