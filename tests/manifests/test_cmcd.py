from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests import cmcd

if TYPE_CHECKING:
    from manifests.cmcd import Value

CASES: list[tuple[str, dict[str, Value]]] = [
    ("", {}),
    ("br=3200", {"br": 3200}),
    ('br=3200,bs,sid="6e2fb550-c457",ot=v', {"br": 3200, "bs": True, "sid": "6e2fb550-c457", "ot": "v"}),
    ("pr=1.08,bs=?0,su=?1", {"pr": 1.08, "bs": False, "su": True}),
    ("br=(500)", {"br": (500,)}),
    ("br=(5000;v 128;a),bl=(100 200)", {"br": (5000, 128), "bl": (100, 200)}),
    ("br=(500", {"br": (500,)}),
    ('nor=("a.m4s" "b,c.m4s";r="0-")', {"nor": ("a.m4s", "b,c.m4s")}),
    (r'cid="a\"b\\c"', {"cid": r'a"b\c'}),
    ('cid="never closed, br=1', {"cid": "never closed, br=1"}),
    ("sid=without-quotes,v=2", {"sid": "without-quotes", "v": 2}),
    (' br = 1 , com.example-x = "y" ', {"br": 1, "com.example-x": "y"}),
    ("br=1;p=2,bl=3", {"br": 1, "bl": 3}),
    ("br=,=5,,bl=7", {"bl": 7}),
    ("br=1,br=2", {"br": 2}),
    ("tb=99999999999999999999", {"tb": "99999999999999999999"}),
    ("\0\x7f,br=1", {"br": 1}),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_parse(text: str, expected: dict[str, Value]) -> None:
    assert cmcd.parse(text).values == expected


@pytest.mark.parametrize("quoting", [quote, quote_plus])
def test_the_query_of_a_player(quoting: object) -> None:
    text = 'bl=21300,br=3200,sid="a b",st=v'
    query = f"token=x&CMCD={quoting(text)}&y=1"  # type: ignore[operator]
    assert cmcd.from_query(query) == cmcd.parse(text)
    assert not cmcd.from_query("token=x&cm=1")


def test_the_headers_count_together() -> None:
    found = cmcd.from_headers({"cmcd-object": "br=3200,ot=v", "cmcd-session": 'sid="a",v=2', "cmcd-status": "bs"})
    assert (found.bitrate, found.session, found.starved, found.version) == (3200, "a", True, 2)


def test_what_is_meant_is_what_counts() -> None:
    found = cmcd.parse('br="3200",mtp=(48100),bl=2100.5,bs="true",v=1,sid=x')
    assert (found.bitrate, found.throughput, found.buffer, found.starved, found.version) == (
        3200,
        48100,
        2100.5,
        True,
        1,
    )
    nothing = cmcd.Cmcd()
    assert (nothing.bitrate, nothing.session, nothing.starved, nothing.version) == (None, None, False, 1)
    assert cmcd.parse("br,sid=5").bitrate is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", []),
        (b'e=ps,sta=p,ts=1700000000000,sid="a"\n\nnonsense=\ne=t,ts=1', ["ps", "t"]),
        (b'{"e":"ps","br":[3200],"bs":true,"x":null,"y":{"z":1}}\n{"e":"t"}', ["ps", "t"]),
        (b'[{"e":"ps"},{"e":"t"},5,{}]', ["ps", "t"]),
        (b"[" * 100_000, []),
        (b'{"e":', []),
        (b"\xff\xfe,e=t", ["t"]),
    ],
)
def test_events(body: bytes, expected: list[str]) -> None:
    assert [event.text("e") for event in cmcd.from_events(body)] == expected


@given(st.text(alphabet=st.sampled_from('abr=,;()"\\ ?01.-\0é') | st.characters(), max_size=200))
def test_nothing_is_ever_refused(text: str) -> None:
    found = cmcd.parse(text)
    for key in found.values:
        assert found.number(key) is None or isinstance(found.number(key), int | float)
        assert found.text(key) is None or len(found.text(key) or "") <= 1024
    assert cmcd.from_query(f"CMCD={text}") is not None
    assert isinstance(cmcd.from_events(text.encode("utf-8", "replace")), tuple)


def test_what_is_read_is_bounded() -> None:
    assert len(cmcd.parse(",".join(f"k{number}=1" for number in range(10_000))).values) == cmcd.MAX_KEYS
    assert len(cmcd.from_events(b"e=t\n" * 10_000)) == cmcd.MAX_EVENTS
    assert cmcd.parse("x" * 10_000_000 + ",br=1").bitrate is None
