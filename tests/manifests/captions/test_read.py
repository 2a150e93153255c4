from __future__ import annotations

import pytest

from manifests.captions import model, read
from manifests.errors import CaptionError

VTT = b"WEBVTT\n\n00:01.000 --> 00:02.000\nx\n"
TTML = b'<tt xmlns="http://www.w3.org/ns/ttml"><body><div><p begin="0s" end="1s">x</p></div></body></tt>'
LATIN = b'<?xml version="1.0" encoding="ISO-8859-1"?>' + TTML.replace(b">x<", b">\xe9<")
SRT = b"1\n00:00:01,000 --> 00:00:02,000\nx\n"


@pytest.mark.parametrize(
    ("body", "name", "format"),
    [
        (VTT, "", "webvtt"),
        (VTT, "wrong.srt", "webvtt"),
        (b"\xef\xbb\xbf" + VTT, "a.vtt", "webvtt"),
        (SRT, "", "srt"),
        (SRT, "A.SRT", "srt"),
        (SRT, "a.txt", "srt"),
        (SRT.decode().encode("utf-16"), "", "srt"),
        (TTML, "", "ttml"),
        (TTML, "wrong.srt", "ttml"),
        (LATIN, "a.xml", "ttml"),
        (b"[Script Info]\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,,,0,0,0,,x\n", "", "ass"),
        (b"[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,,,0,0,0,,x\n", "a.ssa", "ass"),
    ],
)
def test_the_content_says_what_it_is(body: bytes, name: str, format: str) -> None:
    assert read(body, name).format == format


@pytest.mark.parametrize(
    ("body", "name", "code"),
    [
        (b"", "a.srt", "empty"),
        (b"\xef\xbb\xbf \r\n", "a.srt", "empty"),
        (b"\0" * 100, "a.srt", "empty"),
        (b"x" * (model.MAX_BYTES + 1), "a.vtt", "too-large"),
        (b"hello", "", "unknown-format"),
        (b"hello", "a.doc", "unknown-format"),
        (SRT, "a.vtt", "no-webvtt-header"),
        (b"hello", "a.srt", "no-cues"),
    ],
)
def test_what_cannot_be_read_is_refused(body: bytes, name: str, code: str) -> None:
    with pytest.raises(CaptionError) as caught:
        read(body, name)
    assert caught.value.code == code


def test_a_guess_is_the_first_warning() -> None:
    track = read("1\n00:00:01,000 --> 00:00:02,000\nÀ bientôt, garçon — 100 €\n".encode("cp1252"))
    assert (track.cues[0].text, len(track.warnings)) == ("À bientôt, garçon — 100 €", 1)


def test_the_encoding_may_be_said() -> None:
    assert read(SRT.replace(b"x", "字幕".encode("gbk")), encoding="gbk").cues[0].text == "字幕"


def test_an_xml_declaration_says_the_encoding() -> None:
    assert [cue.text for cue in read(LATIN).cues] == ["é"]
