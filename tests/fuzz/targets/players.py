"""What players say about themselves (CMCD): never refused, always bounded, and it reads the same in URL and header."""

from __future__ import annotations

from urllib.parse import quote

from manifests import cmcd
from tests.fuzz.corpus import seeds
from tests.fuzz.strategies import changed, strung

PIECES = [
    *(
        b"br=3200",
        b",",
        b"bs",
        b'sid="a"',
        b"=",
        b"(",
        b")",
        b"(500;v 1;a)",
        b";",
        b'"',
        b"\\",
        b"?1",
        b"1.5",
        b"v=2",
        b" ",
    ),
    *(
        b'{"br":[1],"bs":true}',
        b"[{}]",
        b"\n",
        b"%22",
        b"nor=",
        b"99999999999999999",
        b"e=ps,ts=1700000000000",
        b"[" * 50,
    ),
]
STRATEGY = strung(PIECES) | changed(seeds("players"), PIECES)


def target(body: bytes) -> None:
    text = body.decode("utf-8", "replace")
    found = cmcd.parse(text)
    assert cmcd.from_query(f"a=b&CMCD={quote(text[: cmcd.MAX_TEXT // 4])}") == cmcd.parse(text[: cmcd.MAX_TEXT // 4])
    events = cmcd.from_events(body)
    assert len(events) <= cmcd.MAX_EVENTS
    for one in (found, *events, cmcd.from_headers({"cmcd-session": text})):
        assert len(one.values) <= cmcd.MAX_KEYS
        assert one.version in (1, 2)
        for key, value in one.values.items():
            assert len(key) <= 64
            assert isinstance(value, bool | int | float | str | tuple)
            assert one.number(key) is None or one.number(key) == one.number(key)
            assert one.flag(key) in (True, False)
