from __future__ import annotations

import contextlib
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcoder.errors import SourceRefused
from transcoder.sniff import HEAD, sniff

if TYPE_CHECKING:
    from pathlib import Path

SILENCE = ("-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo", "-t", "0.4")
BARS = ("-f", "lavfi", "-i", "testsrc2=s=64x64:r=25", "-t", "0.4")

# What ffmpeg's own muxers write, by muxer and codec: the demuxer that must open it.
MADE = [
    ("mp4", (*BARS, "-c:v", "libx264"), "mov"),
    ("mov", (*BARS, "-c:v", "prores"), "mov"),
    ("matroska", (*BARS, "-c:v", "libx264"), "matroska"),
    ("webm", (*BARS, "-c:v", "libvpx-vp9"), "matroska"),
    ("mpegts", (*BARS, "-c:v", "libx264"), "mpegts"),
    ("mpegts", (*BARS, "-c:v", "libx264", "-mpegts_m2ts_mode", "1"), "mpegts"),
    ("vob", (*BARS, "-c:v", "mpeg2video"), "mpeg"),
    ("mpeg2video", (*BARS, "-c:v", "mpeg2video"), "mpegvideo"),
    ("avi", (*BARS, "-c:v", "mpeg4"), "avi"),
    ("flv", (*BARS, "-c:v", "libx264"), "flv"),
    ("mxf", (*BARS, "-c:v", "mpeg2video"), "mxf"),
    ("asf", (*BARS, "-c:v", "wmv2"), "asf"),
    ("ivf", (*BARS, "-c:v", "libvpx-vp9"), "ivf"),
    ("gif", BARS, "gif"),
    ("yuv4mpegpipe", BARS, "yuv4mpegpipe"),
    ("h264", (*BARS, "-c:v", "libx264"), "h264"),
    ("hevc", (*BARS, "-c:v", "libx265", "-x265-params", "log-level=none"), "hevc"),
    ("ogg", (*SILENCE, "-c:a", "libopus"), "ogg"),
    ("wav", SILENCE, "wav"),
    ("w64", SILENCE, "w64"),
    ("aiff", SILENCE, "aiff"),
    ("caf", SILENCE, "caf"),
    ("au", SILENCE, "au"),
    ("flac", SILENCE, "flac"),
    ("ac3", SILENCE, "ac3"),
    ("adts", SILENCE, "aac"),
    ("adts", (*SILENCE, "-write_id3v2", "1"), "aac"),
    ("mp3", SILENCE, "mp3"),
    ("mp3", (*SILENCE, "-id3v2_version", "0", "-write_xing", "0"), "mp3"),
    ("mp2", (*SILENCE, "-c:a", "mp2"), "mp3"),
]


@pytest.mark.parametrize(("muxer", "arguments", "demuxer"), MADE, ids=[f"{row[0]}-{n}" for n, row in enumerate(MADE)])
def test_knows_what_encoders_write(
    muxer: str, arguments: tuple[str, ...], demuxer: str, ffmpeg: str, tmp_path: Path
) -> None:
    made = tmp_path / "named.txt"
    subprocess.run([ffmpeg, "-v", "error", "-nostdin", *arguments, "-f", muxer, str(made)], check=True)
    body = made.read_bytes()
    assert sniff(body[:HEAD], body[-HEAD:]) == demuxer


def test_a_transport_stream_may_begin_inside_a_packet() -> None:
    packets = b"".join(b"G" + bytes([number]) * 187 for number in range(10))
    assert sniff(packets[100:]) == "mpegts"


def test_an_mp3_may_begin_with_junk_if_it_ends_with_a_tag() -> None:
    assert sniff(b"\x01\x80junk" * 50, b"TAG" + bytes(125)) == "mp3"


def test_a_wave_file_over_4_gib_is_one_too() -> None:
    assert sniff(b"RF64" + struct.pack("<I", 0xFFFFFFFF) + b"WAVEds64") == "wav"


NOT_MEDIA = [
    (b"#EXTM3U\n#EXT-X-VERSION:3\n", "HLS playlist"),
    (b"\xef\xbb\xbf\r\n  #EXTM3U\r\n", "HLS playlist"),
    ("\ufeff#EXTM3U\r\n".encode("utf-16-le"), "HLS playlist"),
    (b"<?xml version='1.0'?>\n<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'>", "DASH manifest"),
    (b"ffconcat version 1.0\nfile /etc/passwd\n", "list of files"),
    (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n", "SDP"),
    (b"<!DOCTYPE html><script>", "web page"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    (b"WEBVTT\n\n", "caption file"),
    (b"just some words\n", "text"),
    (b"%PDF-1.7\n", "PDF"),
    (b"PK\x03\x04\x14\x00", "ZIP"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", "JPEG"),
    (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "WebP"),
    (b"\x7fELF\x02\x01\x01", "program"),
    (bytes(4096), "zero bytes"),
    (b"\x13\x37" * 512, "no known media type"),
]


@pytest.mark.parametrize(("head", "what"), NOT_MEDIA, ids=[what for _, what in NOT_MEDIA])
def test_says_what_a_file_is_that_is_no_media(head: bytes, what: str) -> None:
    with pytest.raises(SourceRefused, match=what) as refused:
        sniff(head)
    assert refused.value.code == "not_media"
    assert "Upload" in str(refused.value)


def test_an_empty_file_is_refused_as_empty() -> None:
    with pytest.raises(SourceRefused) as refused:
        sniff(b"")
    assert refused.value.code == "empty"


@given(st.binary(max_size=2048))
@settings(deadline=None)
def test_any_bytes_are_told_or_refused(head: bytes) -> None:
    with contextlib.suppress(SourceRefused):
        assert sniff(head).isidentifier()


@given(st.text(max_size=300), st.sampled_from(["#EXTM3U", "ffconcat version 1.0", "v=0", "<MPD>"]))
@settings(deadline=None)
def test_no_playlist_is_ever_opened(text: str, mark: str) -> None:
    with pytest.raises(SourceRefused):
        sniff(f"\n \r\n{mark}\n{text}".encode())
