"""The movie box: which tracks there are, and whether their tables tell all there is to know."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from transcoder.mp4.boxes import NotPlain, child, children, top_level
from transcoder.mp4.samples import SampleTable, sample_table

MAX_MOOV = 128 << 20
"""Bytes of a `moov` that is read here: those of a day at 60 pictures a second take less."""

_MAX_TRACKS = 1000
# DOVIDecoderConfigurationRecord ("Dolby Vision Streams Within the ISO Base Media File Format" §3.2): version, then the
# profile in seven bits.
_PROFILE_5 = re.compile(rb"dv[cvw]C..[\x0a\x0b]", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movie:
    """`tracks` by track id. `fragmented`: samples are (or may be) told of by fragments too (§8.8). `protected`: some
    of them are encrypted (§8.12). `foreign_colours`: a picture is in Dolby Vision's own colours alone (profile
    5), which nothing here turns into others."""

    tracks: Mapping[int, SampleTable]
    fragmented: bool
    protected: bool
    foreign_colours: bool = False


def read_movie(file: BinaryIO, size: int | None = None) -> Movie:
    """The movie of a file; `size` is the file's, found out if it is None. Raises NotPlain, OSError."""
    end = file.seek(0, os.SEEK_END) if size is None else size
    for kind, offset, length in top_level(file, end):
        if kind == b"moof":
            raise NotPlain("fragments before the index")
        if kind != b"moov":
            continue
        if length > MAX_MOOV or offset + length > end:
            raise NotPlain(f"an index of {length} bytes")
        file.seek(offset)
        body = bytearray()
        while len(body) < length and (piece := file.read(length - len(body))):
            body += piece
        return parse_movie(memoryview(body).toreadonly())
    raise NotPlain("no index")


def parse_movie(moov: memoryview) -> Movie:
    """The movie that the payload of a `moov` describes. Raises NotPlain."""
    tracks: dict[int, SampleTable] = {}
    protected = foreign = False
    for count, trak in enumerate(payload for kind, payload in children(moov) if kind == b"trak"):
        header, stbl = child(trak, b"tkhd"), child(trak, b"mdia", b"minf", b"stbl")
        if count == _MAX_TRACKS:
            raise NotPlain("too many tracks")
        if header is None or stbl is None:
            continue
        number = _track_id(header)
        if number in tracks:
            raise NotPlain(f"track {number} twice")
        tracks[number] = sample_table(stbl)
        entries = child(stbl, b"stsd")
        body = b"" if entries is None else bytes(entries)
        protected = protected or b"sinf" in body
        foreign = foreign or _PROFILE_5.search(body) is not None
    fragmented = child(moov, b"mvex") is not None
    return Movie(tracks=tracks, fragmented=fragmented, protected=protected, foreign_colours=foreign)


def _track_id(tkhd: memoryview) -> int:
    at = 4 + (16 if tkhd and tkhd[0] == 1 else 8)  # behind the two times, of 64 bits in version 1 (§8.3.2)
    if len(tkhd) < at + 4:
        raise NotPlain("a track without an id")
    return int(struct.unpack_from(">I", tkhd, at)[0])
