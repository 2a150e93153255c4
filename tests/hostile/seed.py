"""What hostile files are made of: a sound clip of one second in three containers, and a port where nobody must call."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from transcoder.ffmpeg import ffmpeg_path

CONTAINERS = ("mp4", "ts", "mkv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    folder: Path
    port: int
    """Of a listener on the loopback address."""

    def clip(self, container: str) -> bytes:
        return (self.folder / f"clip.{container}").read_bytes()

    def made(self, suffix: str, *arguments: str | Path) -> bytes:
        """What ffmpeg makes of these arguments in a file of this kind."""
        path = self.folder / f"made{abs(hash(arguments)):x}.{suffix}"
        subprocess.run([ffmpeg_path(), "-nostdin", "-v", "error", "-y", *arguments, path], check=True)
        body = path.read_bytes()
        path.unlink()
        return body

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/taken"


def make_clips(folder: Path) -> None:
    first = folder / "clip.mp4"
    subprocess.run(
        [
            ffmpeg_path(), "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=64x64:r=25",
            "-f", "lavfi", "-i", "sine=r=48000", "-t", "1", "-c:v", "libx264", "-preset", "ultrafast", "-g", "5",
            "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart", first,
        ],
        check=True,
    )  # fmt: skip
    for container in CONTAINERS[1:]:
        command = [ffmpeg_path(), "-nostdin", "-v", "error", "-i", first, "-c", "copy", folder / f"clip.{container}"]
        subprocess.run(command, check=True)
