"""Profile files of tenants: a profile or sentences about what is wrong, and what is rendered is read as the same."""

from __future__ import annotations

from tests.fuzz.corpus import seeds
from tests.fuzz.strategies import changed, strung
from transcoder.profile_file import parse, render

PIECES = [
    *(
        b"codecs",
        b"segment",
        b"gop",
        b"tenants",
        b"description",
        b"ladder",
        b"loudness",
        b"captions",
        b"encryption",
        b"surround",
    ),
    *(
        b" = ",
        b"true",
        b"4",
        b"-23.0",
        b'"h264"',
        b'["h264", "av1"]',
        b"[[ladder]]\n",
        b"height = 720\n",
        b"\n",
        b"1e400",
    ),
    *(b"inf", b"nan", b'"cbcs"', b"99999999999999999999", b"[", b"]", b"{", b"}", b"1979-05-27", b'"', b"#"),
]
STRATEGY = strung(PIECES) | changed(seeds("profiles"), PIECES)


def target(body: bytes) -> None:
    text = body.decode("utf-8", "replace")
    found = parse(text, name="a")
    assert (found.profile is None) == bool(found.errors)
    if found.profile is not None:
        assert parse(render(found.profile, tenants=found.tenants), name="a").profile == found.profile
