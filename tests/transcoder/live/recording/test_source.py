from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.errors import ObjectNotFound
from manifests.layout import AssetId
from tests.transcoder.live.recording.taped import FIRST, Tape
from tests.transcoder.odd.made import ffmpeg
from transcoder.boxes import read_timescale
from transcoder.errors import OutputBroken
from transcoder.live.recording.head import head, with_timescale
from transcoder.live.recording.source import recorded_source, write_head

if TYPE_CHECKING:
    from pathlib import Path

ASSET = AssetId("recording")


@pytest.mark.parametrize("segments", [None, range(FIRST + 1, FIRST + 3), range(FIRST + 1, FIRST + 2)])
async def test_the_pieces_are_a_file_with_the_frames_of_the_event_at_their_times(
    event: Tape, segments: range | None, tmp_path: Path
) -> None:
    stretch = event.stretch(segments)
    source = recorded_source(stretch, await write_head(event.store, stretch, asset=ASSET, version=1))
    assert source.whole
    bodies = [await event.store.read(piece.key) for piece in source.pieces]
    assert [len(body) for body in bodies] == [piece.size for piece in source.pieces]
    path = tmp_path / "source.mp4"
    path.write_bytes(b"".join(bodies))
    told = ffmpeg("-copyts", "-i", str(path), "-map", "0", "-c", "copy", "-f", "framecrc", "-").decode().splitlines()
    packets = [[word.strip() for word in line.split(",")] for line in told if not line.startswith("#")]
    for stream, rendition, count in ((0, stretch.top.id, stretch.frames), (1, event.event.sound.id, stretch.units)):
        track = event.event.track(rendition)
        begin = stretch.segments.start * track.segment
        stamps = [int(packet[2]) for packet in packets if packet[0] == str(stream)]
        assert stamps == [begin + place * track.sample for place in range(count)]


async def test_a_head_needs_the_init_sections(event: Tape) -> None:
    stretch = event.stretch()
    object.__setattr__(stretch, "inits", dict.fromkeys(stretch.inits, "init-1.mp4"))
    with pytest.raises(ObjectNotFound):
        await write_head(event.store, stretch, asset=AssetId("other"), version=1)


@pytest.mark.parametrize("broken", [b"", b"abc", b"\0\0\0\x08ftyp", b"\0\0\0\x08ftyp\0\0\0\xffmoov"])
def test_what_is_no_init_section_makes_no_head(event: Tape, broken: bytes) -> None:
    with pytest.raises(OutputBroken):
        head(event.inits[event.event.rungs[0].id], broken)


def test_an_init_section_counts_otherwise_and_is_the_same_else(event: Tape) -> None:
    init = event.inits[event.event.rungs[0].id]
    other = with_timescale(init, 12_800)
    assert read_timescale(other[other.index(b"moov") - 4 :]) == 12_800
    assert with_timescale(other, 90_000) == init
