"""The readers of fragmented MP4: OutputBroken or values, the same whether bytes come at once or one by one."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fuzz.corpus import seeds
from tests.fuzz.strategies import boxes, changed
from transcoder.boxes import read_boxes, read_moof, read_timescale
from transcoder.errors import OutputBroken
from transcoder.fragments import Fragment, FragmentReader, InitSection

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


def target(body: bytes) -> None:
    whole = read([body])
    assert read([body[at : at + 7] for at in range(0, len(body), 7)]) == whole
    for part in whole[0]:
        assert len(part.body) <= len(body)
        assert isinstance(part, InitSection) or part.samples > 0
    for reader in (read_moof, read_timescale, lambda buffer: list(read_boxes(buffer))):
        try:
            reader(body)
        except OutputBroken as exc:
            assert str(exc)
