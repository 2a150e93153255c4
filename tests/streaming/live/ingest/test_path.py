from __future__ import annotations

import pytest

from streaming.live.ingest.path import KeyPath


@pytest.mark.parametrize(
    ("path", "key", "channel"),
    [
        ("live/k", "k", None),
        ("/live/k/", "k", None),
        ("live/alpine/k", "k", "alpine"),
        ("live/k?user=x/y", "k", None),
    ],
)
def test_where_a_key_stands(path: str, key: str, channel: str | None) -> None:
    found = KeyPath.parse(path)
    assert found == KeyPath(key=key, channel=channel)
    assert "key" not in repr(found)


@pytest.mark.parametrize("path", ["", "live", "live/", "k", "other/k", "live/a/b/c", "live//k", "?live/k"])
def test_where_none_stands(path: str) -> None:
    assert KeyPath.parse(path) is None
