"""Files that refer to something else: another file of the machine, an address, a part of either (items 1 to 9, 12)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tests.hostile.boxes import box, change, with_tables_last
from tests.hostile.case import DAMAGED, PLAYS, Case, refused

if TYPE_CHECKING:
    from tests.hostile.seed import Seed

_TEXT = refused("not_media")


def _playlist(*lines: str) -> bytes:
    return "\n".join(["#EXTM3U", "#EXT-X-TARGETDURATION:1", "#EXTINF:1,", *lines, "#EXT-X-ENDLIST", ""]).encode()


def _dash(seed: Seed) -> bytes:
    return (
        f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><BaseURL>{seed.url}/</BaseURL>'
        '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><SegmentList>'
        '<SegmentURL media="1.m4s"/></SegmentList></Representation></AdaptationSet></Period></MPD>'
    ).encode()


def _sdp(seed: Seed) -> bytes:
    lines = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=x", "c=IN IP4 127.0.0.1", "t=0 0", f"m=video {seed.port} RTP/AVP 96"]
    return ("\r\n".join([*lines, "a=rtpmap:96 H264/90000", ""])).encode()


def _elsewhere(body: bytes, target: bytes) -> bytes:
    """Tracks whose media lies at `target` (ISO/IEC 14496-12 §8.7.2): no flag says "in this file"."""
    entry = box(b"url ", struct.pack(">I", 0) + target + b"\0")
    return change(body, b"dref", lambda _: struct.pack(">II", 0, 1) + entry)


def _alias(body: bytes, path: bytes) -> bytes:
    """QuickTime's "alis" record with an absolute path (type 2), as ffmpeg's mov.c reads it with use_absolute_path."""
    record = bytes(10) + struct.pack(">B27s", 4, b"disk") + bytes(12 + 8 + 4) + struct.pack(">B63s", 4, b"file")
    record += bytes(16) + struct.pack(">hh", 1, 1) + bytes(16)
    record += struct.pack(">hH", 2, len(path)) + path + bytes(len(path) % 2) + struct.pack(">hH", -1, 0)
    return change(
        body, b"dref", lambda _: struct.pack(">II", 0, 1) + box(b"alis", struct.pack(">I", 0) + record)
    )  # fmt: skip


def _subtitle_in_avi(text: bytes) -> bytes:
    """An AVI whose text stream is GAB2, which ffmpeg opens as a file in the file (CVE-2017-9993 and its like)."""
    gab2 = b"GAB2\0" + struct.pack("<HI", 2, 2) + b"x\0" + struct.pack("<HI", 4, len(text)) + text

    def part(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)

    header = struct.pack("<14I", 40000, 0, 0, 0, 1, 0, 1, 0, 16, 16, 0, 0, 0, 0)
    stream = part(b"strh", struct.pack("<4s4s10I4h", b"txts", bytes(4), 0, 0, 0, 1, 25, 0, 1, 0, 0, 0, 0, 0, 0, 0))
    lists = part(b"LIST", b"hdrl" + part(b"avih", header) + part(b"LIST", b"strl" + stream + part(b"strf", b"")))
    body = b"AVI " + lists + part(b"LIST", b"movi" + part(b"00tx", gab2))
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _behind_sync(seed: Seed) -> bytes:
    """A transport stream whose first bytes, before the first packet, are a playlist."""
    text = _playlist(seed.url)
    return text + bytes(188 - len(text)) + seed.clip("ts")


def _in_front(seed: Seed) -> bytes:
    """An MP4 whose first box holds a playlist: what looks for text anywhere finds it."""
    return with_tables_last(seed.clip("mp4"), front=_playlist(seed.url))


def _hls(name: str, item: int, *lines: str, encoding: str = "utf-8") -> Case:
    def make(seed: Seed) -> bytes:
        text = _playlist(*(line.format(url=seed.url) for line in lines)).decode()
        return text.encode(encoding)

    return Case(name=name, item=item, make=make, expected=_TEXT)


CASES = (
    _hls("hls-metadata-address", 1, "http://169.254.169.254/latest/meta-data/"),
    _hls("hls-loopback", 1, "{url}"),
    _hls("hls-loopback-with-bom", 1, "{url}", encoding="utf-8-sig"),
    _hls("hls-loopback-utf16", 1, "{url}", encoding="utf-16"),
    _hls("hls-tcp", 1, "tcp://127.0.0.1:1"),
    _hls("hls-concat", 2, "concat:{url}|file:///etc/passwd"),
    _hls("hls-subfile", 2, "subfile,,start,0,end,64,,:/etc/passwd"),
    _hls("hls-file", 2, "file:///etc/passwd"),
    _hls("hls-crypto", 2, "crypto+file:///etc/passwd"),
    Case(
        name="avi-gab2-hls", item=3, expected=DAMAGED,
        make=lambda seed: _subtitle_in_avi(_playlist(seed.url)),
    ),
    Case(
        name="avi-gab2-concat", item=3, expected=DAMAGED,
        make=lambda seed: _subtitle_in_avi(_playlist(f"concat:{seed.url}|file:///etc/passwd")),
    ),
    _hls("hls-data-segment", 4, "data:text/plain;base64,AAAA"),
    _hls("hls-key", 4, '#EXT-X-KEY:METHOD=AES-128,URI="{url}"', "x.ts"),
    _hls("hls-map", 4, '#EXT-X-MAP:URI="{url}"', "x.m4s"),
    Case(name="dash-base-url", item=5, make=_dash, expected=_TEXT),
    Case(
        name="ffconcat", item=6, expected=_TEXT,
        make=lambda seed: f"ffconcat version 1.0\nfile '/etc/passwd'\nfile '{seed.url}'\n".encode(),
    ),
    Case(name="sdp", item=6, make=_sdp, expected=_TEXT),
    Case(name="image-sequence", item=6, make=lambda _: b"/etc/%d.png\n/etc/passwd%d\n", expected=_TEXT),
    Case(name="smil", item=6, expected=_TEXT, make=lambda seed: f"<smil><video src='{seed.url}'/></smil>".encode()),
    Case(name="real-metafile", item=6, expected=_TEXT, make=lambda seed: f"rtsp://127.0.0.1:{seed.port}/x\n".encode()),
    Case(
        name="asx", item=6, expected=_TEXT,
        make=lambda seed: f"<asx version='3.0'><entry><ref href='{seed.url}'/></entry></asx>".encode(),
    ),
    Case(
        name="imf-composition", item=6, expected=_TEXT,
        make=lambda seed: f"<?xml version='1.0'?><CompositionPlaylist Id='{seed.url}'/>".encode(),
    ),
    Case(
        name="mov-dref-file", item=7, expected=DAMAGED,
        make=lambda seed: _elsewhere(seed.clip("mp4"), b"file:///etc/passwd"),
    ),
    Case(
        name="mov-dref-http", item=7, expected=DAMAGED,
        make=lambda seed: _elsewhere(seed.clip("mp4"), seed.url.encode()),
    ),
    Case(
        name="mov-dref-absolute-path", item=7, expected=DAMAGED,
        make=lambda seed: _alias(seed.clip("mp4"), b"/etc/passwd"),
    ),
    Case(name="xbin", item=8, expected=_TEXT, make=lambda _: b"XBIN\x1a\xff\xff\xff\xff\x10\x1b" + bytes(64)),
    Case(name="tty", item=8, expected=_TEXT, make=lambda _: b"\x1b[2J\x1b[99999;99999H\x1b[31mhello" * 40),
    Case(name="ansi-sauce", item=8, expected=_TEXT, make=lambda _: b"\x1b[1m" * 400 + b"\x1aSAUCE00" + bytes(121)),
    _hls("hls-malformed-numbers", 9, "#EXT-X-BYTERANGE:99999999999999999999@-1", "#EXTINF:-1e999,", "{url}"),
    _hls("hls-malformed-nesting", 9, *("#EXT-X-STREAM-INF:BANDWIDTH=" for _ in range(500))),
    Case(name="rtsp-url", item=12, expected=_TEXT, make=lambda _: b"[Reference]\r\nRef1=http://127.0.0.1/x?MSWMExt=.asf\r\n"),
    Case(name="playlist-before-a-stream", item=22, make=_behind_sync, expected=DAMAGED),
    Case(name="playlist-in-a-film", item=22, make=_in_front, expected=PLAYS),
    Case(
        name="playlist-behind-a-tag", item=22, expected=refused("unreadable", "no_streams", "truncated"),
        make=lambda seed: b"ID3\x04\0\0\0\0\0\0" + _playlist(seed.url),
    ),
)  # fmt: skip
