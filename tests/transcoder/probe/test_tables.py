"""What the tables of an MP4 tell, against demuxing the whole of it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from transcoder.index_child import index
from transcoder.mp4.movie import read_movie
from transcoder.probe.opening import Recorder, Refused
from transcoder.probe.packing import unpack

if TYPE_CHECKING:
    from collections.abc import Sequence

GOLDEN = Path(__file__).parents[2] / "golden" / "sources.tsv"
NAMES = [
    name
    for line in GOLDEN.read_text("utf-8").splitlines()[1:]
    if (name := line.split("\t")[0]).lower().endswith((".mp4", ".mov", ".3gp"))
]
LIMITS = {"max_pixels": 1 << 26, "max_streams": 64, "max_packets": 1 << 24}

# The others hold fragments, are cut off, or are protected.
PLAIN = [
    "real/androidx_london_rooftop_360p30_aac.mp4",
    "real/chaplin_360p25_mp3.mp4",
    "real/sports2d_outdoor_walk_994p30_vp9_aac.mp4",
    "odd/ax_dolbyVision-hdr.MOV",
    "odd/ax_iibbibb_editlist_videoonly.mp4",
    "odd/ax_sample_android_slow_motion.mp4",
    "odd/ax_sample_edit_list.mp4",
    "odd/ax_sowt-with-video.mov",
    "odd/ax_trim_optimization_failure.mp4",
    "odd/svt_test.mp4",
    "odd/x_moov_at_end.mp4",
    "odd/x_prores_lt_360p25_pcm24_tmcd.mov",
    "odd/x_video_starts_1.5s_late.mp4",
    "odd/ax_long_1080p_lowbitrate.mp4",
]


def _answer(body: bytes, *, tables: bool) -> dict[str, Any]:
    """With fragments that nobody sees (an empty box of that name at the start) a file is demuxed."""
    file = _Hidden(body) if not tables else io.BytesIO(body)
    try:
        return index(file, "mov", LIMITS)
    except Refused as exc:
        return {"refused": exc.code}


class _Hidden(io.BytesIO):
    """A file whose tables are not found by us, but by libavformat."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self._answers = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self._answers += 1
        return b"" if self._answers == 1 else super().read(size)


@pytest.mark.parametrize("name", NAMES, ids=[ascii(name) for name in NAMES])
def test_tables_tell_what_demuxing_does(name: str, media: Path) -> None:
    body = (media / name).read_bytes()
    told, demuxed = _answer(body, tables=True), _answer(body, tables=False)
    assert demuxed.pop("head", None) is None
    head = told.pop("head", None)
    assert head is not None or name not in PLAIN
    for answer in (told, demuxed):
        for stream in answer.get("streams", ()):
            stream.pop("reads")
            stream.pop("group")
            stream.pop("entries", None)
    assert told == demuxed


@pytest.mark.parametrize("name", PLAIN)
def test_hardly_any_media_is_read(name: str, media: Path) -> None:
    body = (media / name).read_bytes()
    recorder = Recorder(io.BytesIO(body))
    answer = index(recorder, "mov", LIMITS)  # type: ignore[arg-type]
    assert recorder.spans is not None
    assert _bytes(recorder.spans) <= _bytes(answer["head"]) + (4 << 20)


def _bytes(spans: Sequence[Sequence[int]]) -> int:
    covered = set[int]()
    for start, end in spans:
        covered.update(range(start >> 12, -(-end >> 12)))
    return len(covered) << 12


def test_groups_hold_every_sample(media: Path) -> None:
    body = (media / "real" / "chaplin_360p25_mp3.mp4").read_bytes()
    answer = index(io.BytesIO(body), "mov", LIMITS)
    for stream in answer["streams"]:
        told = {name: unpack(text) for name, text in stream["reads"].items()}
        assert min(told["first"]) == stream["first_stamp"] or stream["kind"] == "audio"
        assert all(start < end <= len(body) for start, end in zip(told["start"], told["end"], strict=True))
        assert told["keys"][0] == 1
    assert sum(1 for _ in read_movie(io.BytesIO(body)).tracks) == 2
