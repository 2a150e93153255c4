"""Captions as an editor sends them, a file or JSON, and how a track is named: a 4xx with a sentence, or safe cues."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

from manifests.captions import read, webvtt
from streaming.captions.model import Kind, Naming
from streaming.captions.wire import naming_of, patched, text_of
from streaming.http.problem import ApiError
from tests.fuzz.corpus import seeds
from tests.fuzz.strategies import changed, strung

PIECES = [
    *(
        b'{"cues":[',
        b'{"start":0,"end":1000,"text":"x"}',
        b",",
        b"]}",
        b'"settings":"line:0"',
        b'"identifier":"a"',
        b"\\u0000",
    ),
    *(b"-1", b"1e400", b"9223372036854775808", b"null", b"<script>", b"\\ud800", b"[" * 60, b'{"language":"en"}', b"&"),
    *(b"language=en", b"kind=forced", b"default=true", b"name=%00", b'{"name":" "}', b'{"kind":"descriptions"}'),
]
STRATEGY = strung(PIECES) | changed(seeds("edits"), PIECES)

NAMING = Naming(language="en", name="English", kind=Kind.SUBTITLES, default=True)


def target(body: bytes) -> None:
    for media_type in ("application/json", "text/plain"):
        try:
            text = text_of(body, media_type=media_type, query={"filename": "a.srt"})
        except ApiError as exc:
            assert 400 <= exc.status < 500
            continue
        assert not text.cues or read(webvtt(text.cues).encode()).cues == text.cues
    try:
        assert naming_of(dict(parse_qsl(body.decode("latin-1")))).language
    except ApiError as exc:
        assert 400 <= exc.status < 500
    try:
        patch = json.loads(body)
    except (ValueError, RecursionError):
        return
    if isinstance(patch, dict):
        try:
            assert patched(NAMING, patch).name
        except ApiError as exc:
            assert 400 <= exc.status < 500
