"""Errors of stream keys.

ApiError
└── NotFound
    └── StreamKeyNotFound      the channel has no key with this id
"""

from __future__ import annotations

from streaming.http.problem import NotFound


class StreamKeyNotFound(NotFound):
    """The channel has no stream key with this id."""

    code, title = "stream_key_not_found", "No such stream key"
