"""A window from the middle shows the very pictures that one pass over the whole source shows there, to the bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.transcoder.odd.made import SWEEP, X264, clip, ffmpeg
from tests.transcoder.odd.package import SETTINGS, plan_of, smallest
from transcoder.ffmpeg import ffmpeg_path
from transcoder.inputs import command
from transcoder.pictures import rung_pictures
from transcoder.video import FirstPicture, decoded, first_picture, margins
from transcoder.windows import Window

if TYPE_CHECKING:
    from pathlib import Path

    from transcoder.plan import Plan

_FIELDS: Final = ("-flags", "+ildct+ilme", "-x264-params")
_VFR: Final = "if(lt(N,50),40*N+7*mod(N,3),if(lt(N,80),2000+131*(N-50),5930+20*(N-80)))"
_PQ: Final = "format=yuv420p10le,setparams=color_trc=smpte2084:colorspace=bt2020nc:color_primaries=bt2020"

# A key picture at the beginning of the window (every 4 s) and none near it; a container with an index and without one.
CASES: Final = {
    "top field first.mp4": ((*X264, *_FIELDS, "tff=1"), ("tinterlace=interleave_top",), 25, 550),
    "bottom field first.ts": ((*X264[:-1], "33", *_FIELDS, "bff=1"), ("tinterlace=interleave_bottom",), 25, 550),
    "mpeg2.mpg": (
        ("-c:v", "mpeg2video", "-b:v", "2M", "-g", "15", "-bf", "2", "-flags", "+ildct+ilme"),
        ("tinterlace=interleave_top", "setfield=tff"), 25, 550,
    ),
    "varying.mkv": (
        (*X264, "-fps_mode", "passthrough", "-enc_time_base", "1:1000"),
        ("settb=1/1000", f"setpts='{_VFR}'"), 25, 250,
    ),
    "hdr.mp4": ((*X264, "-pix_fmt", "yuv420p10le"), (_PQ,), 25, 260),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_window_shows_what_the_whole_shows(name: str, tmp_path: Path) -> None:
    output, filters, rate, frames = CASES[name]
    rate = 2 * rate if "tinterlace" in filters[0] else rate
    source = clip(tmp_path / name, rate, frames, *output, drawn=SWEEP, filters=filters)
    plan = smallest(plan_of(source))
    assert plan.video is not None
    assert plan.video.interlaced == ("tinterlace" in filters[0])
    assert plan.video.segments >= 3
    whole = _shown(plan, Window(track="video", first=0, count=plan.video.segments), source)
    for number in range(plan.video.segments):
        shown = _shown(plan, Window(track="video", first=number, count=1), source)
        frames_of = plan.video.frames_of(number)
        assert shown == whole[frames_of.start : frames_of.stop]


def _shown(plan: Plan, window: Window, source: Path) -> list[str]:
    """Time stamp and hash of every picture that goes into the encoder, read as the transcoder reads."""
    assert plan.video is not None
    hashes = source.with_suffix(".framemd5")
    for margin in margins(plan, window):
        stream, cut = decoded(plan, window, source=source, margin=margin, settings=SETTINGS)
        (picture,) = rung_pictures(stream, plan.video, cut, plan.video.rungs)
        told = picture.output(str(hashes), f="framemd5", fps_mode="passthrough", enc_time_base="filter")
        said = ffmpeg(*command(ffmpeg_path(), first_picture(stream), told)[1:])
        first = FirstPicture(plan.video, window)
        if margin is None or not any(first.is_late(line) for line in said.splitlines()):
            break
    lines = (line.split(",") for line in hashes.read_text().splitlines() if not line.startswith("#"))
    return [f"{fields[2].strip()} {fields[5].strip()}" for fields in lines]
