"""Sources for measurements: real clips where they are at hand, looped by stream copy; else made by ffmpeg."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from transcoder.ffmpeg import ffmpeg_path

_MEDIA = Path(os.environ.get("CHANNEL_TEST_MEDIA", Path(__file__).resolve().parents[2] / "shared" / "media"))


def real(name: str) -> Path | None:
    """A real clip, or None where there are none."""
    path = _MEDIA / "real" / name
    return path if path.is_file() else None


def looped(name: str, folder: Path, *, times: int) -> Path:
    """A real clip `times` over, by stream copy; where it is missing a made one of 8 s each."""
    path = folder / f"{times}x-{name}"
    source = real(name)
    if source is None:
        return made(folder, seconds=8 * times)
    _ffmpeg("-stream_loop", str(times - 1), "-i", str(source), "-c", "copy", "-map", "0:v:0", "-map", "0:a?", str(path))
    return path


def made(folder: Path, *, seconds: int) -> Path:
    """A clip made by ffmpeg: 720p25 with sound."""
    path = folder / f"made-{seconds}.mp4"
    if not path.exists():
        _ffmpeg(
            "-f", "lavfi", "-i", f"testsrc2=size=1280x720:rate=25:duration={seconds}",
            "-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}",
            "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac",
            "-movflags", "+faststart", str(path),
        )  # fmt: skip
    return path


def _ffmpeg(*arguments: str) -> None:
    subprocess.run([ffmpeg_path(), "-nostdin", "-loglevel", "error", "-y", *arguments], check=True)
