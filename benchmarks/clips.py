"""Sources for measurements: real clips where they are at hand, looped by stream copy; else made by ffmpeg."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

from manifests.layout import AssetId
from transcoder.ffmpeg import ffmpeg_path
from transcoder.index import index_source
from transcoder.plan import Plan, SourceRef
from transcoder.planner import make_plan
from transcoder.sniff import HEAD, sniff

_MEDIA = Path(os.environ.get("CHANNEL_TEST_MEDIA", Path(__file__).resolve().parents[2] / "shared" / "media"))


def real(name: str) -> Path | None:
    """A real clip, or None where there are none."""
    path = _MEDIA / "real" / name
    return path if path.is_file() else None


def looped(name: str, folder: Path, *, times: int) -> Path:
    """A real clip `times` over, by stream copy; where it is missing a made one of 8 s each."""
    source = real(name)
    return made(folder, seconds=8 * times) if source is None else repeated(source, folder / f"{times}x-{name}", times)


def repeated(source: Path, path: Path, times: int, *options: str) -> Path:
    """A clip `times` over in one file, by stream copy; `options` of ffmpeg's muxer."""
    _ffmpeg(
        "-stream_loop", str(times - 1), "-i", str(source), "-c", "copy", "-map", "0:v:0", "-map", "0:a?",
        *options, str(path),
    )  # fmt: skip
    return path


def light(name: str, folder: Path, *, rate: int) -> Path:
    """A real clip (or a made one of 8 s) at about `rate` b/s: hours of it are small, but no less work to encode."""
    path = folder / f"light-{name}"
    _ffmpeg(
        "-i", str(real(name) or made(folder, seconds=8)), "-map", "0:v:0", "-map", "0:a?",
        "-c:v", "libx264", "-preset", "veryfast", "-b:v", str(rate), "-maxrate", str(rate), "-bufsize", str(rate),
        "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "32k", str(path),
    )  # fmt: skip
    return path


def made(folder: Path, *, seconds: int, size: str = "1280x720") -> Path:
    """A clip made by ffmpeg: 25 frames a second, with sound, in the colours of HD: nobody has to convert them."""
    path = folder / f"made-{size}-{seconds}.mp4"
    if not path.exists():
        _ffmpeg(
            "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration={seconds}",
            "-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}",
            "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac",
            "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
            "-movflags", "+faststart", str(path),
        )  # fmt: skip
    return path


def planned(source: Path) -> Plan:
    """The plan that the service makes for a clip: its ladder and its frame grid."""
    with source.open("rb") as file:
        demuxer = sniff(file.read(HEAD))
    index = asyncio.run(index_source(source, demuxer=demuxer))
    reference = SourceRef(key="sources/bench/1", size=source.stat().st_size, demuxer=demuxer)
    return make_plan(asset=AssetId("bench"), version=1, source=reference, index=index)


def _ffmpeg(*arguments: str) -> None:
    subprocess.run([ffmpeg_path(), "-nostdin", "-loglevel", "error", "-y", *arguments], check=True)
