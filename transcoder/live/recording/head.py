"""The head of a recording: what makes live segments, picture and sound in turn, one fragmented MP4. Pure.

Times stay those of the epoch. There is no index of segments (`sidx`): libavformat leaves out fragments behind a jump
where an entry has more than one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcoder.boxes import only_child, read_boxes, read_header, write
from transcoder.errors import OutputBroken
from transcoder.live.grid import PICTURE_TRACK, SOUND_TRACK

if TYPE_CHECKING:
    from transcoder.boxes import Box


def head(picture: bytes, sound: bytes) -> bytes:
    """`ftyp` and a `moov` with the tracks of these init sections. Raises OutputBroken."""
    ftyp, moov = _boxes(picture)
    _, heard = _boxes(sound)
    children = [picture[box.start : box.end] for box in read_boxes(picture, moov.body, moov.end)]
    kept = [child for child in children if child[4:8] not in (b"mvhd", b"trak", b"mvex")]
    movie = write(
        b"moov", _movie_header(picture, moov), _child(picture, moov, b"trak"), _child(sound, heard, b"trak"),
        write(b"mvex", _defaults(picture, moov), _defaults(sound, heard)), *kept,
    )  # fmt: skip
    return picture[ftyp.start : ftyp.end] + movie


def with_timescale(init: bytes, timescale: int) -> bytes:
    """The same init section for a track that counts otherwise. Raises OutputBroken."""
    body = bytearray(init)
    trak = only_child(body, _boxes(init)[1], b"trak")
    mdhd = only_child(body, only_child(body, trak, b"mdia"), b"mdhd")
    at = mdhd.body + 4 + (16 if body[mdhd.body] == 1 else 8)
    body[at : at + 4] = timescale.to_bytes(4, "big")
    return bytes(body)


def _boxes(init: bytes) -> tuple[Box, Box]:
    ftyp = read_header(init)
    moov = None if ftyp is None or ftyp.end > len(init) else read_header(init, ftyp.end)
    if ftyp is None or moov is None or (ftyp.kind, moov.kind) != (b"ftyp", b"moov") or moov.end > len(init):
        raise OutputBroken("no init section")
    return ftyp, moov


def _child(init: bytes, parent: Box, kind: bytes) -> bytes:
    box = only_child(init, parent, kind)
    return init[box.start : box.end]


def _defaults(init: bytes, moov: Box) -> bytes:
    return _child(init, only_child(init, moov, b"mvex"), b"trex")


def _movie_header(init: bytes, moov: Box) -> bytes:
    """Its last field is the next free track_ID (§8.2.2)."""
    return _child(init, moov, b"mvhd")[:-4] + (max(PICTURE_TRACK, SOUND_TRACK) + 1).to_bytes(4, "big")
