"""What a file is, by its first bytes: never by its name, and never by trying what an upload asks for.

The answer is the one demuxer that may open the file (ffmpeg's name, for `-f`). What refers to other files or hosts
(playlists, session descriptions, scripts) has no demuxer here, so nothing can be made to follow it.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn

from transcoder.errors import SourceRefused
from transcoder.failures import MESSAGES

HEAD: Final = 64 * 1024
"""Bytes of the beginning and of the end that `sniff` wants (all of a shorter file)."""

_ISO_BOXES: Final = frozenset(
    (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof", b"sidx")
)
_MPEG_TS: Final = ((188, 0), (192, 4), (204, 0))  # packet size, offset of the sync byte: plain, M2TS/AVCHD, with FEC
_ASF: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_W64: Final = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_MXF_PARTITION: Final = bytes.fromhex("060e2b34020501010d010201")
_MXF_RUN_IN: Final = 65536

_PREFIXES: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x1aE\xdf\xa3", "matroska"),
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"FLV\x01", "flv"),
    (b"#!AMR", "amr"),
    (b"YUV4MPEG2 ", "yuv4mpegpipe"),
    (b"DKIF", "ivf"),
    (b"caff", "caf"),
    (b".snd", "au"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"\x0bw", "ac3"),
    (_ASF, "asf"),
    (_W64, "w64"),
)
_RIFF: Final = {b"AVI ": "avi", b"WAVE": "wav"}

# What people upload by mistake, or on purpose: how to recognise it, and what it is called.
_NOT_MEDIA: Final[tuple[tuple[bytes, str], ...]] = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive (or an office document)"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"BM", "a BMP picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
_TEXTS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"#extm3u", "an HLS playlist"),
    (b"ffconcat", "a list of files"),
    (b"v=0", "a session description (SDP)"),
    (b"<mpd", "a DASH manifest"),
    (b"<smil", "a SMIL presentation"),
    (b"<html", "a web page"),
    (b"<!doctype html", "a web page"),
    (b"<svg", "an SVG picture"),
    (b"webvtt", "a caption file"),
)
_ANNEX_B: Final = re.compile(rb"\x00\x00\x01(.)", re.DOTALL)


def _refuse(what: str) -> NoReturn:
    raise SourceRefused("not_media", MESSAGES["not_media"].format(what=what))


def sniff(head: bytes, tail: bytes = b"") -> str:
    """The ffmpeg demuxer for a file that begins with `head` and ends with `tail` (`HEAD` bytes each, or all of it).

    Raises SourceRefused: `empty`, `not_media`.
    """
    if not head:
        raise SourceRefused("empty", MESSAGES["empty"])
    if not any(head):
        _refuse("nothing but zero bytes, so its upload or copy went wrong")
    for prefix, demuxer in _PREFIXES:
        if head.startswith(prefix):
            return demuxer
    found = _container(head) or _transport(head)
    if found:
        return found
    _refuse_known(head)
    found = _elementary(head)
    if found:
        return found
    if tail[-128:].startswith(b"TAG"):  # ID3v1: an MP3 whose beginning is junk, as cut recordings have
        return "mp3"
    _refuse("of no known media type, or damaged at its beginning")


def _container(head: bytes) -> str | None:
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head[4:8] in _ISO_BOXES:
        return "mov"
    if _MXF_PARTITION in head[: _MXF_RUN_IN + 16]:  # SMPTE ST 377-1 §6.5: a run-in may come before it
        return "mxf"
    return None


def _transport(head: bytes) -> str | None:
    if head[:4] == b"\x00\x00\x01\xba":  # pack header, ISO/IEC 13818-1 §2.5.3.3
        return "mpeg"
    for size, offset in _MPEG_TS:
        # The sync byte at five packets in a row, wherever a capture may have begun (§2.4.3.2).
        for start in range(min(size, max(0, len(head) - 4 * size - offset))):
            if all(head[start + offset + size * number] == 0x47 for number in range(5)):
                return "mpegts"
    return None


def _refuse_known(head: bytes) -> None:
    for prefix, what in _NOT_MEDIA:
        if head.startswith(prefix):
            _refuse(what)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        _refuse("a WebP picture")
    text = _text(head)
    if text is not None:
        start = text[:4096].lstrip().lower()
        for mark, what in _TEXTS:
            if start.startswith(mark) or (mark.startswith(b"<") and mark in start):
                _refuse(what)
        _refuse("text")


def _text(head: bytes) -> bytes | None:
    """The beginning as ASCII-compatible text, whatever its byte order mark; None for binary bytes."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if head.startswith(mark):
            head = head[len(mark) :].decode(encoding, "replace").encode()
            break
    sample = head[:1024]
    control = sum(byte < 32 and byte not in b"\t\n\r\f" for byte in sample)
    return head if sample and not control and b"\x7f" not in sample else None


def _elementary(head: bytes) -> str | None:
    """Streams without a container. Their marks are short: two frames in a row must agree."""
    if head.startswith(b"ID3") and len(head) >= 10:
        size = 10 + sum((head[6 + place] & 0x7F) << 7 * (3 - place) for place in range(4))
        body = head[size:]
        if body.startswith(b"fLaC"):
            return "flac"
        return "aac" if _adts(body) else "mp3"
    if _adts(head):
        return "aac"
    if _mpeg_audio(head):
        return "mp3"
    if head[:3] == b"\x00\x00\x01" or head[:4] == b"\x00\x00\x00\x01":
        return _annex_b(head)
    return None


def _adts(head: bytes) -> bool:
    at = 0
    for _ in range(3):
        if len(head) < at + 7:
            return False
        if head[at] != 0xFF or head[at + 1] & 0xF6 != 0xF0 or head[at + 2] >> 2 & 15 > 12:
            return False
        size = (head[at + 3] & 3) << 11 | head[at + 4] << 3 | head[at + 5] >> 5
        if size < 7:
            return False
        at += size
    return True


_MP3_KBPS: Final = (  # ISO/IEC 11172-3 §2.4.2.3, 13818-3: by (MPEG-1?, layer), index 1 to 14
    (True, 1, (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448)),
    (True, 2, (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)),
    (True, 3, (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)),
    (False, 1, (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256)),
    (False, 2, (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)),
    (False, 3, (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)),
)
_MP3_RATES: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _mpeg_audio(head: bytes) -> bool:
    at = 0
    for _ in range(3):
        if len(head) < at + 4 or head[at] != 0xFF or head[at + 1] & 0xE0 != 0xE0:
            return False
        version, layer = head[at + 1] >> 3 & 3, 4 - (head[at + 1] >> 1 & 3)
        rate_index, sampling = head[at + 2] >> 4, head[at + 2] >> 2 & 3
        if version == 1 or layer == 4 or rate_index in (0, 15) or sampling == 3:
            return False
        kbps = next(row for mpeg1, of, row in _MP3_KBPS if (mpeg1, of) == (version == 3, layer))[rate_index - 1]
        rate, padding = _MP3_RATES[version][sampling], head[at + 2] >> 1 & 1
        if layer == 1:
            at += (12000 * kbps // rate + padding) * 4
        else:
            at += (72000 if layer == 3 and version != 3 else 144000) * kbps // rate + padding
    return True


def _annex_b(head: bytes) -> str | None:
    """H.264, HEVC, or an MPEG-2 / MPEG-4 part 2 elementary stream, by the first start codes."""
    codes = [match[1][0] for match in _ANNEX_B.finditer(head)]
    if not codes:
        return None
    if codes[0] == 0xB3:  # sequence header, ISO/IEC 13818-2 §6.2.2.1
        return "mpegvideo"
    if codes[0] in (0xB0, 0x00) and 0xB5 in codes[:4]:  # visual object sequence, ISO/IEC 14496-2 §6.2.2
        return "m4v"
    if any(code & 0x80 for code in codes):  # forbidden_zero_bit
        return None
    if {32, 33, 34} <= {code >> 1 & 63 for code in codes}:  # VPS, SPS, PPS, ITU-T H.265 table 7-1
        return "hevc"
    if {7, 8} <= {code & 31 for code in codes}:  # SPS, PPS, ITU-T H.264 table 7-1
        return "h264"
    return None
