"""The readers of codecs' headers: they answer, whatever the bytes are."""

from __future__ import annotations

from tests.fuzz.corpus import seeds
from tests.fuzz.strategies import changed, strung
from transcoder.probe.packets import ac3_samples, flac_samples, opus_samples, vorbis_blocks
from transcoder.probe.reordering import MOST, reordering

PIECES = [
    *(
        b"\1\x64\0\x1f\xff\xe1",
        b"\0\0\1\x67",
        b"\0\0\1\x42\1",
        b"\0\0\3",
        b"\0" * 12,
        b"\xff" * 6,
        b"\x80",
        b"\x0b\x77",
    ),
    *(b"\xff\xf8", b"\2\x1e\x1e", b"\1vorbis", b"\5vorbis", b"\x64\0\x28\xac", b"\x42\xc0\x1e"),
]
STRATEGY = strung(PIECES) | changed(seeds("headers_of_codecs"), PIECES)


def target(body: bytes) -> None:
    for codec in ("h264", "hevc", "vp9", "unknown"):
        assert 0 <= reordering(codec, body) <= MOST
    for samples in (opus_samples, flac_samples, ac3_samples):
        found = samples(body)
        assert found is None or 0 < found <= 1 << 16
    blocks = vorbis_blocks(body)
    assert blocks is None or (blocks[1] and 64 <= blocks[0][0] <= blocks[0][1] <= 8192)
