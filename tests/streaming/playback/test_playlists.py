from __future__ import annotations

import gzip

from starlette.requests import Request

from streaming.playback.playlists import playlist_response, rendered


def request(method: str = "GET", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": method, "path": "/", "query_string": b"", "headers": raw})


def test_both_forms_are_made_once_and_are_the_same_everywhere() -> None:
    first, second = rendered("#EXTM3U\n" * 50), rendered("#EXTM3U\n" * 50)
    assert first == second
    assert gzip.decompress(first.zipped.body) == first.plain.body
    assert first.zipped.etag != first.plain.etag
    assert not first.plain.etag.startswith("W/")


def test_a_tag_is_compared_with_that_of_the_form_that_would_be_sent() -> None:
    playlist = rendered("#EXTM3U\n")
    same = playlist_response(
        request(accept_encoding="gzip", if_none_match=playlist.zipped.etag), playlist, cache_control="public"
    )
    assert same.status_code == 304
    other = playlist_response(
        request(accept_encoding="gzip", if_none_match=playlist.plain.etag), playlist, cache_control="public"
    )
    assert (other.status_code, other.headers["content-encoding"]) == (200, "gzip")
