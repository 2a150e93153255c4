"""Clips made for what no file of the folder has: pictures carry their number as a bar code, or something moves."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

import numpy as np

from transcoder.ffmpeg import ffmpeg_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction
    from pathlib import Path

    from numpy.typing import NDArray

_BITS: Final = 9
BARS: Final = f"geq=lum='if(mod(floor(N/pow(2,floor(X*{_BITS}/W))),2),220,30)':cb=128:cr=128"
SWEEP: Final = "geq=lum='if(between(X-2*mod(N,64),4,20),225,30+9*mod(7*X+13*Y,5))':cb=128:cr=128"
"""A white bar that moves by two columns a picture, over a pattern that stands still."""
X264: Final = ("-c:v", "libx264", "-preset", "superfast", "-crf", "12", "-bf", "2", "-g", "100")


def ffmpeg(*arguments: str) -> bytes:
    command = [ffmpeg_path(), "-v", "error", "-nostdin", "-y", *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def clip(
    path: Path, rate: Fraction | int, frames: int, *output: str, drawn: str = BARS, filters: Sequence[str] = ()
) -> Path:
    """`frames` pictures of 160×96, `drawn` at `rate`."""
    graph = ",".join((f"color=gray:s=160x96:r={rate}", drawn, *filters))
    ffmpeg("-f", "lavfi", "-i", graph, "-frames:v", str(frames), *(output or X264), str(path))
    return path


def sweep(body: bytes, folder: Path) -> list[float]:
    """Where the bar of `SWEEP` stands in each picture of a rendition, in columns."""
    light = _grey(body, folder, 160, 96).mean(axis=1) > 150
    return [float(np.flatnonzero(row).mean()) for row in light]


def numbers(body: bytes, folder: Path) -> list[int]:
    """The numbers in the bar codes of a rendition's pictures."""
    pictures = _grey(body, folder, 90, 10)
    bars = pictures[:, 5, 90 // _BITS // 2 :: 90 // _BITS] > 125
    return [sum(int(bar) << bit for bit, bar in enumerate(row)) for row in bars]


def _grey(body: bytes, folder: Path, width: int, height: int) -> NDArray[np.uint8]:
    path = folder / "rendition.mp4"
    path.write_bytes(body)
    raw = ffmpeg(
        "-i", str(path), "-fps_mode", "passthrough", "-vf", f"scale={width}:{height}", "-pix_fmt", "gray",
        "-f", "rawvideo", "-",
    )  # fmt: skip
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width)
