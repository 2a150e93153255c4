from __future__ import annotations

import pytest
from starlette.requests import Request

from streaming.http.caching import entity_tags, if_match, if_range, none_match, not_modified, strong_etag, weak


def asking(method: str = "GET", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": method, "path": "/", "headers": raw})


def test_tags_are_of_the_content() -> None:
    assert strong_etag("ab") == strong_etag(b"a", b"b") != strong_etag("ac")
    assert weak(weak('"x"')) == 'W/"x"'


@pytest.mark.parametrize(
    ("header", "send"),
    [(None, True), ("*", False), ('"x"', False), ('W/"x"', False), ('"y"', True), ('"y", W/"x"', False), ("x", True)],
)
def test_if_none_match_compares_weakly(header: str | None, send: bool) -> None:
    assert none_match(header, '"x"') is send
    assert none_match(header, 'W/"x"') is send


@pytest.mark.parametrize(
    ("header", "go_on"),
    [(None, True), ("*", True), ('"x"', True), ('W/"x"', False), ('"y"', False), ('"y","x"', True), ("x", False)],
)
def test_if_match_compares_strongly(header: str | None, go_on: bool) -> None:
    assert if_match(header, '"x"') is go_on
    if header not in (None, "*"):
        assert not if_match(header, 'W/"x"')


def test_a_tag_may_hold_a_comma() -> None:
    assert entity_tags('"a,b" , W/"c"') == [(False, "a,b"), (True, "c")]
    assert entity_tags('"a" b') is None


def test_if_range_takes_strong_tags_only() -> None:
    assert if_range(None, '"x"')
    assert if_range('"x"', '"x"')
    assert not if_range('W/"x"', 'W/"x"')
    assert not if_range("Sat, 29 Oct 1994 19:43:31 GMT", '"x"')


def test_not_modified_repeats_what_a_cache_needs() -> None:
    kept = {"Cache-Control": "no-cache", "Vary": "Accept", "Content-Length": "5", "Content-Type": "text/plain"}
    answer = not_modified(asking(if_none_match='"x"'), '"x"', kept)
    assert answer is not None
    assert answer.status_code == 304
    assert {name: answer.headers.get(name) for name in ("etag", "cache-control", "vary", "content-type")} == {
        "etag": '"x"', "cache-control": "no-cache", "vary": "Accept", "content-type": None,
    }  # fmt: skip
    assert not_modified(asking(), '"x"') is None
    assert not_modified(asking("POST", if_none_match='"x"'), '"x"') is None
