"""What a file is by its first bytes: SourceRefused with a sentence, or a demuxer that does not follow references."""

from __future__ import annotations

from tests.fuzz.corpus import seeds
from tests.fuzz.strategies import changed, strung
from transcoder.errors import SourceRefused
from transcoder.sniff import sniff

PIECES = [
    *(
        b"ftypisom",
        b"\x1aE\xdf\xa3",
        b"RIFF\0\0\0\0AVI ",
        b"ID3\4\0\0\0\0\0\x10",
        b"\xff\xfb\x90\0",
        b"\xff\xf1\x4c\x80\x01\x3f\xfc",
    ),
    *(
        b"\0\0\1\xba",
        b"\0\0\1\xb3",
        b"\0\0\1\x67",
        b"\0\0\1\x68",
        b"#EXTM3U\n",
        b"<html>",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
    ),
    *(b"\x47" + bytes(187), b"TAG" + bytes(125), bytes.fromhex("060e2b34020501010d010201"), b"fLaC", b"v=0\n"),
]
STRATEGY = strung(PIECES) | changed(seeds("sniffing"), PIECES)

# These open other files or hosts, or draw whatever bytes they get.
NEVER = {"hls", "dash", "concat", "sdp", "rtsp", "image2", "tty", "xbin", "lavfi", "imf", "webvtt", "srt", "mpjpeg"}


def target(body: bytes) -> None:
    try:
        demuxer = sniff(body, body)
    except SourceRefused as exc:
        assert str(exc)
        return
    assert demuxer.isalnum()
    assert demuxer not in NEVER
