"""The caption readers: CaptionError with a code, or cues that are safe and are read back as they are written."""

from __future__ import annotations

import re

from manifests.captions import CaptionError, clean, read, segments, webvtt
from tests.fuzz.corpus import seeds
from tests.fuzz.strategies import changed, strung

PIECES = [
    *(
        b"WEBVTT\n",
        b"\n",
        b"\n\n",
        b"00:01.000 --> 00:02.000",
        b" line:0 align:start",
        b"<v Bob>",
        b"</v>",
        b"<b>",
        b"<c.x>",
    ),
    *(
        b"00:00:01,000 --> 00:00:02,500\n",
        b"{\\an8}",
        b"{\\i1}",
        b"<font color=red>",
        b"</font>",
        b"<script>",
        b"-->",
        b"&lt;",
    ),
    *(
        b"<tt xmlns='http://www.w3.org/ns/ttml'>",
        b"<body>",
        b"<div>",
        b"<p begin='1s' end='2s'>",
        b"</p>",
        b"</div>",
        b"</body>",
    ),
    *(
        b"</tt>",
        b"<span begin='1s'>",
        b"</span>",
        b"<br/>",
        b"<set begin='1s'/>",
        b"timeContainer='seq'",
        b"<!DOCTYPE x>",
        b"&x;",
    ),
    *(
        b"Scenarist_SCC V1.0\n\n",
        b"00:00:01:00\t",
        b"9420 9420 9470 c8e9 942f",
        b"850STL25.01",
        b"[Script Info]\n",
        b"[Events]\n",
    ),
    *(
        b"Dialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\0",
        b"&#10;",
        b"STYLE\n",
        b"REGION\n",
    ),
    *(b"X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000", b"NOTE ", b"\xd6\xd0", b"\xe9"),
]
STRATEGY = strung(PIECES) | changed(seeds("captions"), PIECES)

SAFE = re.compile(r"(?:</?(?:[biuvc]|ruby|rt|lang)(?:\.[\w-]+)*(?: [^<>\n]*)?>|[^<>])*")


def target(body: bytes) -> None:
    text = body.decode("utf-8", "replace")
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert SAFE.fullmatch(cleaned)
    try:
        track = read(body)
    except CaptionError as exc:
        assert re.fullmatch(r"[a-z-]+", exc.code)
        assert exc.message
        return
    assert track.cues
    assert all(SAFE.fullmatch(cue.text) for cue in track.cues)
    assert list(track.cues) == sorted(track.cues, key=lambda cue: cue.start)
    assert read(webvtt(track.cues).encode()).cues == track.cues
    assert len(segments(track.cues, 120_000, 60_000)) == 2
