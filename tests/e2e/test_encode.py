"""From a file to decoded renditions: index, plan, every window in random order, joined, decoded by ffmpeg."""

from __future__ import annotations

import random
import subprocess
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.layout import AssetId, RenditionId
from transcoder.audio import encode_audio
from transcoder.encoder_settings import EncoderSettings
from transcoder.ffmpeg import ffmpeg_path
from transcoder.index import index_source
from transcoder.plan import AAC_FRAME, Plan, SourceRef
from transcoder.planner import make_plan
from transcoder.sniff import sniff
from transcoder.video import encode_video
from transcoder.windows import windows

if TYPE_CHECKING:
    from pathlib import Path

_SETTINGS = EncoderSettings(preset="superfast")

Made = dict[tuple[RenditionId, int | None], bytes]


def _ffmpeg(*arguments: str) -> bytes:
    command = [ffmpeg_path(), "-v", "error", "-nostdin", "-y", *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


async def _plan(source: Path) -> Plan:
    body = source.read_bytes()
    demuxer = sniff(body[:65536], body[-65536:])
    reference = SourceRef(key="sources/asset/1", size=len(body), demuxer=demuxer)
    return make_plan(
        asset=AssetId("asset"), version=1, source=reference, index=await index_source(source, demuxer=demuxer)
    )


async def _encode(plan: Plan, source: Path) -> Made:
    made: Made = {}

    async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
        assert made.setdefault((rendition, number), body) == body

    tracks = {track.id: track for track in plan.audio}
    wanted = list(windows(plan))
    random.Random(3).shuffle(wanted)
    for window in wanted:
        if window.track == "video":
            await encode_video(plan, window, source=source, sink=sink, settings=_SETTINGS)
        else:
            track = tracks[RenditionId(window.track)]
            await encode_audio(plan, track, window, source=source, sink=sink, settings=_SETTINGS)
    return made


def _joined(plan: Plan, made: Made, rendition: RenditionId, folder: Path) -> Path:
    path = folder / f"{rendition}.mp4"
    path.write_bytes(b"".join(made[rendition, number] for number in (None, *range(plan.renditions()[rendition]))))
    return path


def _samples(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.frombuffer(_ffmpeg("-i", str(path), "-ac", "1", "-f", "f32le", "-"), np.float32)


@pytest.mark.parametrize(
    "name",
    [
        "real/openshot_marathon_400p30.mp4",
        "real/chaplin_360p25_mp3.mp4",
        "real/kivy_cityCC0_405p25_mpeg2.mpg",
        "real/nasa_shuttle_608p30_vp8.webm",
        "odd/sideways movie.mov",
        "odd/x_video_starts_1.5s_late.mp4",
        "odd/x_pts_wrap_33bit.ts",
        "odd/x_resolution_change_640x360_to_320x240.ts",
        "odd/x_single_frame.mp4",
        "odd/x_multi_audio_eng_spa_subs_eng_spa_ara.mkv",
        "hostile/bitflip_ts_31.ts",
    ],
)
async def test_every_rendition_has_exactly_its_frames_and_samples(name: str, media: Path, tmp_path: Path) -> None:
    source = media / name
    plan = await _plan(source)
    made = await _encode(plan, source)
    if plan.video is not None:
        for rung in plan.video.rungs:
            path = _joined(plan, made, rung.id, tmp_path)
            lines = _ffmpeg("-i", str(path), "-fps_mode", "passthrough", "-f", "framecrc", "-").decode().splitlines()
            stamps = [int(line.split(",")[2]) for line in lines if not line.startswith("#")]
            assert stamps == list(range(-(-plan.video.frames // rung.divisor)))
    for track in plan.audio:
        assert len(_samples(_joined(plan, made, track.id, tmp_path))) == track.cuts[-1] * AAC_FRAME


@pytest.mark.parametrize(
    ("container", "sound", "rate", "late"),
    [
        ("mp4", ("-c:a", "aac"), "30000/1001", "0"),
        ("mkv", ("-c:a", "pcm_s16le"), "25", "0"),
        ("ts", ("-c:a", "mp2"), "50", "0.3"),
    ],
)
async def test_flashes_and_beeps_stay_together(
    container: str, sound: tuple[str, ...], rate: str, late: str, tmp_path: Path
) -> None:
    """A white picture and a tone every second, or the tone `late` seconds after it: within 5 ms of that."""
    source = tmp_path / f"source.{container}"
    # Both switch on the picture's grid, so that the source itself is exact.
    every = round(Fraction(rate))
    period = float(every / Fraction(rate))
    _ffmpeg("-f", "lavfi", "-i", f"color=black:s=320x180:r={rate}:d=11,drawbox=color=white:t=fill:"
            f"enable='lt(mod(n,{every}),4)'", "-itsoffset", late, "-f", "lavfi", "-i",
            f"aevalsrc='0.8*sin(2*PI*1000*t)*lt(mod(t,{period}),0.1)':s=44100:d=11", "-c:v", "libx264", "-preset",
            "ultrafast", "-g", "33", *sound, str(source))  # fmt: skip
    plan = await _plan(source)
    assert plan.video is not None
    made = await _encode(plan, source)
    pictures = _joined(plan, made, plan.video.rungs[0].id, tmp_path)
    track = _joined(plan, made, plan.audio[0].id, tmp_path)
    apart = _apart(pictures, track, float(plan.video.rate / plan.video.rungs[0].divisor))
    assert len(apart) >= 9
    assert np.abs(np.array(apart) - float(late)).max() <= 0.005


def _apart(pictures: Path, sound: Path, rate: float) -> list[float]:
    """Seconds from each flash to its beep."""
    raw = _ffmpeg(
        "-i", str(pictures), "-vf", "scale=8:8", "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo", "-"
    )  # fmt: skip
    bright = np.frombuffer(raw, np.uint8).reshape(-1, 64).mean(axis=1) > 128
    flashes = (np.flatnonzero(bright[1:] & ~bright[:-1]) + 1) / rate
    times = np.flatnonzero(np.abs(_samples(sound)) > 0.2) / 48000
    beeps = times[np.flatnonzero(np.diff(times, prepend=-1.0) > 0.5)]
    return [float(beeps[np.abs(beeps - flash).argmin()] - flash) for flash in flashes if flash < 10]
