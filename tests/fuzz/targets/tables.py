"""The tables of an MP4 (`moov`): NotPlain or as many numbers as the tables hold."""

from __future__ import annotations

import io

from hypothesis import strategies as st

from tests.fuzz.corpus import seeds
from tests.fuzz.strategies import boxes, changed
from transcoder.mp4.boxes import NotPlain
from transcoder.mp4.movie import parse_movie, read_movie
from transcoder.mp4.samples import composition_offsets, positions

KINDS = [
    b"moov",
    b"trak",
    b"tkhd",
    b"mdia",
    b"minf",
    b"stbl",
    b"stsz",
    b"stsc",
    b"stco",
    b"co64",
    b"ctts",
    b"stsd",
    b"mvex",
]
WORDS = st.lists(st.sampled_from([0, 1, 2, 5, 255, 0x7FFFFFFF, 0xFFFFFFFF]), max_size=12)
PAYLOADS = WORDS.map(lambda words: b"".join(word.to_bytes(4, "big") for word in words)) | st.binary(max_size=30)
STRATEGY = changed(seeds("tables"), KINDS) | st.lists(boxes(KINDS, PAYLOADS), max_size=3).map(b"".join)

# A constant size or a run may claim this many without a byte of table for each; the fuzzer's time is better spent.
MANY = 1 << 16


def target(body: bytes) -> None:
    file = io.BytesIO(body)
    for movie in (lambda: read_movie(file, len(body)), lambda: parse_movie(memoryview(body))):
        try:
            found = movie()
        except NotPlain as exc:
            assert str(exc)
            continue
        for table in found.tracks.values():
            if table.sizes is not None and int.from_bytes(table.sizes[8:12], "big") > MANY:
                continue
            try:
                places = positions(table)
                assert len(composition_offsets(table, len(places))) == len(places)
            except NotPlain as exc:
                assert str(exc)
