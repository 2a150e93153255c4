from __future__ import annotations

import subprocess
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import pytest

from transcoder.ffmpeg import ffmpeg_path
from transcoder.probe.sound import STEP, Count, rescale

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("stamp", "time_base", "rate", "sample"),
    [
        (0, Fraction(1, 1000), 44100, 0),
        (10, Fraction(1, 1000), 44100, 441),
        (5, Fraction(1, 1000), 44100, 221),
        (-5, Fraction(1, 1000), 44100, -221),
        (126_000, Fraction(1, 90_000), 48000, 67_200),
    ],
)
def test_a_stamp_in_samples(stamp: int, time_base: Fraction, rate: int, sample: int) -> None:
    assert rescale(stamp, time_base, rate) == sample


def _counted(path: Path, seconds: int, *options: str) -> Count:
    sound = f"sine=440:r=44100:d={seconds}"
    command = [ffmpeg_path(), "-v", "error", "-nostdin", "-f", "lavfi", "-i", sound, *options, str(path)]
    subprocess.run(command, check=True)
    return _count(path)


def _count(path: Path) -> Count:
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        count = Count(stream)
        begun = False
        for packet in container.demux(stream):
            if packet.size:
                frames = [] if begun else packet.decode()
                begun = begun or bool(frames)
                count.take(packet, frames)
    return count


def test_entries_are_exact_where_stamps_are_rounded(tmp_path: Path) -> None:
    entries = _counted(tmp_path / "made.mkv", 3 * STEP + 1, "-c:a", "pcm_s16le").entries
    assert len(entries) == 3
    assert all(sample % 1024 == 0 and position == -1 for _, sample, position in entries)
    assert all(abs(sample - stamp * 44.1) < 23 for stamp, sample, _ in entries)


def test_bare_frames_are_entered_by_their_position(tmp_path: Path) -> None:
    path = tmp_path / "made.mp3"
    ((_, sample, position),) = _counted(path, STEP + 1, "-c:a", "libmp3lame", "-b:a", "128k").entries
    assert sample % 1152 == 0
    assert path.read_bytes()[position : position + 2] == b"\xff\xfb"


def test_counting_stops_where_stamps_go_back(tmp_path: Path) -> None:
    path = tmp_path / "made.ts"
    once = _counted(path, STEP + 1, "-c:a", "mp2").entries
    path.write_bytes(2 * path.read_bytes())
    assert _count(path).entries == once
    assert len(once) == 1
