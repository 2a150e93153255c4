from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import pytest

from transcoder import index_child
from transcoder.probe.opening import inspect_boxes
from transcoder.probe.track import is_shown, plausible

if TYPE_CHECKING:
    from pathlib import Path

MS = Fraction(1, 1000)


def _ask(path: Path, demuxer: str, cwd: Path) -> dict[str, object]:
    limits = json.dumps({"max_pixels": 10**8, "max_streams": 64, "max_packets": 10**6})
    command = [sys.executable, "-I", index_child.__file__, str(path), demuxer, limits]
    found = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=cwd, env={}).stdout
    answer = json.loads(found)
    assert isinstance(answer, dict)
    return answer


def test_it_needs_nothing_of_ours(media: Path, tmp_path: Path) -> None:
    answer = _ask(media / "real" / "chaplin_360p25_mp3.mp4", "mov", tmp_path)
    streams = answer["streams"]
    assert isinstance(streams, list)
    assert [(stream["kind"], stream["packets"]) for stream in streams] == [("video", 241), ("audio", 369)]


def test_a_wrong_demuxer_is_an_answer(media: Path, tmp_path: Path) -> None:
    assert _ask(media / "real" / "chaplin_360p25_mp3.mp4", "matroska", tmp_path)["refused"] == "unreadable"


@pytest.mark.parametrize(
    ("stamps", "kept"),
    [
        ([0, 40, 80, 120], [0, 1, 2, 3]),
        ([0, 40, 900_000, 120, 160], [0, 1, 3, 4]),
        ([0, 80, 40, -900_000, 160, 120], [0, 1, 2, 4, 5]),
        # A slide show, a long still at the end, a clock that was set anew: nothing stands alone.
        ([0, 20_000, 40_000, 60_000], [0, 1, 2, 3]),
        ([0, 40, 80, 900_000], [0, 1, 2, 3]),
        ([0, 40, 80, 900_000, 900_040, 900_080], [0, 1, 2, 3, 4, 5]),
        ([0, 900_000], [0, 1]),
        ([], []),
    ],
)
def test_a_damaged_time_stamp_is_known_by_its_neighbours(stamps: list[int], kept: list[int]) -> None:
    assert list(plausible(stamps, MS)) == kept


@pytest.mark.parametrize(
    ("codec", "body", "shown"),
    [
        ("vp8", b"\x10\x02\x00\x9d", True),
        ("vp8", b"\x00\x02\x00\x9d", False),
        ("vp9", b"\x82\x49\x83\x42", True),  # a key frame that is shown
        ("vp9", b"\x84\x00\x00\x00", False),  # a frame for others to refer to
        ("vp9", b"\x88\x00", True),  # show_existing_frame
        ("vp9", b"\x84\x00\x00\xc0", True),  # a superframe
        ("h264", b"\x00\x00\x00\x01", True),
    ],
)
def test_pictures_that_are_never_shown_do_not_count(codec: str, body: bytes, shown: bool) -> None:
    assert is_shown(codec, av.Packet(body)) is shown


def _box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


@pytest.mark.parametrize(
    ("body", "whole", "encrypted"),
    [
        (_box(b"ftyp", b"isom") + _box(b"moov", bytes(32)), True, False),
        (_box(b"moov", bytes(32))[:-1], False, False),
        (_box(b"ftyp", b"isom") + _box(b"mdat", bytes(64)), False, False),
        (_box(b"moov", _box(b"encv") + _box(b"sinf")), True, True),
        (struct.pack(">I4sQ", 1, b"mdat", 1 << 60) + bytes(64), False, False),
        (struct.pack(">I4s", 0, b"moov") + bytes(64), True, False),
        (struct.pack(">I4s", 4, b"free") + bytes(64), False, False),
        (b"", False, False),
    ],
)
def test_boxes_tell_a_cut_and_a_protected_file(body: bytes, whole: bool, encrypted: bool) -> None:
    assert inspect_boxes(io.BytesIO(body), len(body)) == (whole, encrypted)
