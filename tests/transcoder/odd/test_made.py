"""What no file of the folder has: rates, field orders, orientations, clocks, levels of HDR; each made and looked at."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.transcoder.odd import reference
from tests.transcoder.odd.made import SWEEP, X264, clip, ffmpeg, numbers, sweep
from tests.transcoder.odd.package import index_of, package, plan_of
from transcoder.errors import SourceRefused

if TYPE_CHECKING:
    from pathlib import Path

# What a source has, what its grid has, pictures of the source in a frame: above 60 every second (Apple 1.19).
RATES = [
    ("1", "1", 1), ("5", "5", 1), ("10", "10", 1), ("12", "12", 1), ("12.5", "25/2", 1), ("15", "15", 1),
    ("24000/1001", "24000/1001", 1), ("24", "24", 1), ("25", "25", 1), ("30000/1001", "30000/1001", 1), ("30", "30", 1),
    ("48000/1001", "48000/1001", 1), ("48", "48", 1), ("50", "50", 1), ("60000/1001", "60000/1001", 1), ("60", "60", 1),
    ("72", "36", 2), ("90", "45", 2), ("100", "50", 2), ("120000/1001", "60000/1001", 2), ("120", "60", 2),
]  # fmt: skip


@pytest.mark.parametrize("muxer", ["mp4", "mkv"])
@pytest.mark.parametrize(("rate", "grid", "step"), RATES)
def test_a_rate_is_kept_or_halved(rate: str, grid: str, step: int, muxer: str, tmp_path: Path) -> None:
    fps = Fraction(rate)
    frames = max(6, 2 * int(fps) // 2 * 2)
    source = tmp_path / f"clip.{muxer}"
    ffmpeg("-f", "lavfi", "-i", f"color=gray:s=32x32:r={fps}", "-frames:v", str(frames), *X264, str(source))
    video = plan_of(source).video
    assert video is not None
    assert (video.rate, video.frames, video.constant) == (Fraction(grid), frames // step, step == 1)


@pytest.mark.parametrize("rate", ["24000/1001", "30000/1001", "120000/1001"])
async def test_every_picture_is_there_once(rate: str, tmp_path: Path) -> None:
    fps = Fraction(rate)
    made = await package(clip(tmp_path / "clip.mp4", fps, 121))
    assert numbers(made.picture, tmp_path) == list(range(0, 121, 2 if fps > 60 else 1))


@pytest.mark.parametrize("codec", ["h264", "mpeg2"])
@pytest.mark.parametrize(("side", "field"), [("top", "tff"), ("bottom", "bff")])
async def test_both_fields_become_pictures_in_their_order(side: str, field: str, codec: str, tmp_path: Path) -> None:
    """25 interlaced pictures a second, of 50 that were filmed: the 50 come out one after the other."""
    fields = ("-flags", "+ildct+ilme", "-field_order", "tt" if field == "tff" else "bb")
    output = {"h264": (*X264, *fields), "mpeg2": ("-c:v", "mpeg2video", "-q:v", "2", *fields)}[codec]
    filters = (f"tinterlace=interleave_{side}", f"setfield={field}")
    source = tmp_path / ("clip.mp4" if codec == "h264" else "clip.ts")
    made = await package(clip(source, 50, 30, *output, drawn=SWEEP, filters=filters))
    assert made.plan.video is not None
    assert (made.plan.video.rate, made.plan.video.interlaced) == (50, True)
    places = sweep(made.picture, tmp_path)
    assert len(places) == 60
    assert all(1 < step < 3 for step in np.diff(places[2:-2])), "two columns a picture, and never back"


ORIENTATIONS = [(degrees, mirrored) for degrees in (0, 90, 180, 270) for mirrored in (False, True)]


@pytest.mark.parametrize(("degrees", "mirrored"), ORIENTATIONS)
async def test_all_eight_orientations(degrees: int, mirrored: bool, tmp_path: Path) -> None:
    """A picture with corners of their own, stored turned and flipped, with the matrix that rights it."""
    flat, source = tmp_path / "flat.mp4", tmp_path / "source.mp4"
    corners = "color=black:s=192x96:r=25,drawbox=0:0:96:48:white:fill,drawbox=96:0:96:48:gray:fill"
    # Righted by a flip and then a turn: so stored by the turn back, and then the flip. ffmpeg's option flips last.
    turned = {0: "null", 90: "transpose=cclock", 180: "hflip,vflip", 270: "transpose=clock"}[degrees]
    ffmpeg("-f", "lavfi", "-i", f"{corners},{turned}{',hflip' * mirrored}", "-frames:v", "3", *X264, str(flat))
    options = ("-display_rotation:v:0", str(degrees if mirrored else -degrees), *(("-display_hflip:v:0",) * mirrored))
    ffmpeg(*options, "-i", str(flat), "-c", "copy", str(source))
    stream = index_of(source).video[0]
    assert (stream.rotation, stream.mirrored) == (degrees, mirrored)
    made = await package(source)
    assert made.plan.video is not None
    assert (made.plan.video.width, made.plan.video.height) == (192, 96)
    seen = reference.pictures(made.picture, 0, "709").thumbnails[0]
    assert [round(float(seen[y, x].mean()), 1) for y, x in ((10, 10), (10, 37), (37, 10), (37, 37))] == [1, 0.5, 0, 0]


@pytest.mark.parametrize("phase", ["0", "0.013"])
def test_two_recordings_joined_byte_by_byte_are_refused(phase: str, tmp_path: Path) -> None:
    one, other, both = (tmp_path / name for name in ("one.ts", "other.ts", "both.ts"))
    clip(one, 25, 150)
    ffmpeg("-i", str(one), "-c", "copy", "-output_ts_offset", phase, str(other))
    both.write_bytes(one.read_bytes() + other.read_bytes())
    with pytest.raises(SourceRefused, match="clock of the recording") as refused:
        plan_of(both)
    assert refused.value.code == "broken_timeline"


# Flash and beep at 1.2 s: what a viewer sees and hears, wherever the file's clocks begin.
CLOCKS = [
    ("plain.mp4", (), 0.0, ()),
    ("priming.ts", ("-c:a", "aac"), 0.0, ()),
    ("negative.mkv", ("-avoid_negative_ts", "disabled", "-c:a", "pcm_s16le"), -0.52, ("-copyts",)),
    ("negative.mp4", ("-avoid_negative_ts", "disabled", "-c:a", "aac"), -0.52, ("-copyts",)),
    ("late.ts", ("-c:a", "mp2", "-muxdelay", "0"), 7.3, ("-copyts",)),
    ("fragmented.mp4", ("-c:a", "aac", "-movflags", "+frag_keyframe+empty_moov+default_base_moof"), 0.0, ()),
    ("flac.mkv", ("-c:a", "flac"), 0.0, ()),
    ("opus.webm", ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"), 0.0, ()),
]


@pytest.mark.parametrize(("name", "output", "offset", "options"), CLOCKS, ids=[name for name, *_ in CLOCKS])
async def test_a_flash_and_its_beep_stay_together(
    name: str, output: tuple[str, ...], offset: float, options: tuple[str, ...], tmp_path: Path
) -> None:
    source = tmp_path / name
    flash = "color=black:s=64x64:r=25,drawbox=0:0:64:64:white:fill:enable='between(n,30,32)'"
    beep = "aevalsrc='if(between(t,1.2,1.3),0.5*sin(2*PI*1000*t),0)':s=48000"
    ffmpeg(
        *options, "-itsoffset", str(offset), "-f", "lavfi", "-t", "2.4", "-i", flash, "-itsoffset", str(offset),
        "-f", "lavfi", "-t", "2.4", "-i", beep, *X264, "-x264-params", "bframes=2", *output, str(source),
    )  # fmt: skip
    made = await package(source)
    video = made.plan.video
    assert video is not None
    pictures = reference.pictures(made.picture, 0, "709")
    flashed = _flash(pictures) - pictures.times[0]
    # Some files are off themselves: without an edit list nobody knows of an encoder's priming.
    apart = _flash(reference.pictures(source, video.stream, "601")) - _beep(source, made.plan.audio[0].stream)
    assert abs(flashed - _beep(made.sound[0], 0) - apart) <= 0.005


def _flash(pictures: reference.Pictures) -> float:
    light = [place for place, each in pictures.thumbnails.items() if reference.luma(each) > 120]
    assert len(light) == 3
    return float(pictures.times[light[0]])


def _beep(source: Path | bytes, stream: int) -> float:
    begun, heard = reference.sound(source, stream)
    loud = np.flatnonzero(np.abs(heard[0]) > 0.1)
    assert abs((loud[-1] - loud[0]) / reference.RATE - 0.1) <= 0.005
    return begun + float(loud[0]) / reference.RATE


# Signal of the source (10 bits, limited) and of what is made (8 bits): cd/m² in brackets. ITU-R BT.2408 §2: reference
# white (203) is 58 % in PQ and 75 % in HLG, mid grey (26) is 38 % in both. White paper keeps below the highlights.
LEVELS = [
    ("pq", 64, (15, 17)), ("pq", 64 + 0.38 * 876, (108, 122)), ("pq", 64 + 0.58 * 876, (203, 215)),
    ("pq", 64 + 0.75 * 876, (226, 236)), ("pq", 940, (232, 236)),
    ("hlg", 64, (15, 17)), ("hlg", 64 + 0.38 * 876, (108, 122)), ("hlg", 64 + 0.75 * 876, (205, 216)),
    ("hlg", 940, (232, 236)),
]  # fmt: skip


@pytest.mark.parametrize(("transfer", "code", "expected"), LEVELS)
async def test_hdr_keeps_its_greys(transfer: str, code: float, expected: tuple[int, int], tmp_path: Path) -> None:
    tags = {"pq": "smpte2084", "hlg": "arib-std-b67"}[transfer]
    source = tmp_path / "grey.mp4"
    ffmpeg(
        "-f", "lavfi", "-i",
        f"color=gray:s=64x64:r=25,format=yuv420p10le,geq=lum={round(code)}:cb=512:cr=512,"
        f"setparams=color_trc={tags}:colorspace=bt2020nc:color_primaries=bt2020:range=tv",
        "-frames:v", "2", *X264, "-pix_fmt", "yuv420p10le", str(source),
    )  # fmt: skip
    assert index_of(source).video[0].hdr == transfer
    seen = reference.pictures((await package(source)).picture, 0, "709").thumbnails[0]
    assert expected[0] <= reference.luma(seen) <= expected[1]
    assert float(np.ptp(seen.mean((0, 1)))) <= 0.012, "grey stays grey"
