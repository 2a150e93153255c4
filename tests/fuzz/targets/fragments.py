"""The readers of fragmented MP4: OutputBroken or values, the same whether bytes come at once or one by one."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fuzz.corpus import seeds
from tests.fuzz.strategies import boxes, changed
from transcoder.boxes import read_boxes, read_moof, read_timescale
from transcoder.errors import OutputBroken
from transcoder.fragments import Fragment, FragmentReader, InitSection
from transcoder.retiming import Shift, retimed

KINDS = [
    b"ftyp",
    b"moov",
    b"trak",
    b"mdia",
    b"mdhd",
    b"moof",
    b"mfhd",
    b"traf",
    b"tfhd",
    b"tfdt",
    b"trun",
    b"mdat",
    b"styp",
]
STRATEGY = changed(seeds("fragments"), KINDS) | st.lists(boxes(KINDS, st.binary(max_size=40)), max_size=4).map(b"".join)


def read(pieces: list[bytes]) -> tuple[list[InitSection | Fragment], bool]:
    """What a stream holds, and whether it ended well."""
    reader, found = FragmentReader(), []
    try:
        for piece in pieces:
            found.extend(reader.feed(piece))
        reader.close()
    except OutputBroken:
        return found, False
    return found, True


def shifted(part: Fragment) -> None:
    """A fragment moves by as much as is asked, or not at all."""
    for ticks in (1, -1, 1 << 31, 1 << 63, -part.decode_time, -part.decode_time - 1):
        try:
            moved = read_moof(retimed(part.body, Shift(ticks=ticks, fragments=1)))
        except OutputBroken as exc:
            assert str(exc)
            continue
        assert moved.decode_time == max(0, part.decode_time + ticks)
        assert len(moved.samples) == part.samples


def target(body: bytes) -> None:
    whole = read([body])
    assert read([body[at : at + 7] for at in range(0, len(body), 7)]) == whole
    for part in whole[0]:
        assert len(part.body) <= len(body)
        assert isinstance(part, InitSection) or part.samples > 0
        if isinstance(part, Fragment):
            shifted(part)
    for reader in (read_moof, read_timescale, lambda buffer: list(read_boxes(buffer))):
        try:
            reader(body)
        except OutputBroken as exc:
            assert str(exc)
