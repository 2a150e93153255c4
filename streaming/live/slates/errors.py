"""Errors of slates.

ApiError
├── NotFound
│   └── NoSlate                the channel shows the built-in one
├── Unprocessable
│   └── SlateRefused           what was sent is no picture that can be shown; the detail says what to do
└── Unavailable
    └── SlatePending           no worker has drawn it yet (Retry-After)
"""

from __future__ import annotations

from streaming.http.problem import NotFound, Unavailable, Unprocessable


class NoSlate(NotFound):
    """The channel has no slate of its own: viewers see the built-in one."""

    code, title = "no_slate", "No slate of its own"


class SlateRefused(Unprocessable):
    """This is no picture that can be shown."""

    code, title = "slate_refused", "Picture not taken"


class SlatePending(Unavailable):
    """The picture was not drawn in time, and is not used: no worker is free. Send it again in a moment."""

    code, title = "slate_pending", "Not drawn yet"
