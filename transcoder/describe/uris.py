"""Where a manifest says that a thing lies: its key turned into a URI."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

UriOf: TypeAlias = Callable[[str], str]
"""The URI of an object of the bucket, by its key."""


def beside(prefix: str) -> UriOf:
    """URIs relative to a playlist that lies under this prefix of keys (`layout.media_prefix`)."""
    return lambda key: key.removeprefix(prefix)


def under(base_url: str) -> UriOf:
    """Absolute URIs: the key below a base URL that serves the bucket."""
    return lambda key: f"{base_url.rstrip('/')}/{key}"
