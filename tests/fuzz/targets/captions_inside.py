"""Captions inside a source, as the child in the cage reads them: CEA-608 in coded pictures, 3GPP text."""

from __future__ import annotations

import re

from tests.fuzz.corpus import seeds
from tests.fuzz.strategies import changed, strung
from transcoder.captions.cc_carriage import CODECS, carried, nal_length_size
from transcoder.captions.cea608 import COLUMNS, ROWS, Decoder
from transcoder.captions.mov_text import cue_text

PIECES = [
    *(
        b"\0\0\1\x06",
        b"\x04\x14",
        b"\xb5\0\x31GA94\x03",
        b"\0\0\1\xb2GA94\x03",
        b"\x43\xff",
        b"\xfc\x94\x20",
        b"\xfc\x94\x25",
    ),
    *(
        b"\xfc\x94\x2f",
        b"\xfc\x94\x2d",
        b"\xfc\x91\x40",
        b"\xfc\xc8\xe9",
        b"\xfd\x15\x2c",
        b"\xff\x80",
        b"\0\0\3",
        b"\x80",
    ),
    *(
        b"\0\5Hello",
        b"\0\0\0\x16styl\0\1\0\0\0\2\0\1\3\x12\xff\xff\xff\xff",
        b"\xfe\xff",
        b"\x94\x20",
        b"\x92\x3f",
        b"\x17\x23",
    ),
]
STRATEGY = strung(PIECES) | changed(seeds("captions_inside"), PIECES)


def target(body: bytes) -> None:
    for codec in sorted(CODECS):
        for size in (0, nal_length_size(codec, body), 4):
            found = carried(codec, body, size)
            assert 3 * len(found.pairs) <= len(body) * len(body)
    decoder = Decoder()
    for now, at in enumerate(range(0, len(body) - 1, 2)):
        decoder.feed(body[at], body[at + 1], now)
    for channel in decoder.close(len(body)):
        for spoken in channel:
            assert 0 <= spoken.start < spoken.end <= len(body)
            lines = spoken.text.split("\n")
            assert len(lines) <= 2 * ROWS
            assert all(0 < len(line) <= COLUMNS for line in lines)
    assert re.fullmatch(r"(?:</?[biu]>|[^<>])*", cue_text(body))
