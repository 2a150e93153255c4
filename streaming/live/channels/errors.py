"""Errors of channels.

ApiError
├── NotFound
│   └── ChannelNotFound        no channel has this id
└── Conflict
    ├── ChannelExists          another channel has this id
    └── ChannelBusy            its state does not allow this
"""

from __future__ import annotations

from streaming.http.problem import Conflict, NotFound


class ChannelNotFound(NotFound):
    """There is no channel with this id."""

    code, title = "channel_not_found", "No such channel"


class ChannelExists(Conflict):
    """Another channel has this id."""

    code, title = "channel_exists", "Id is taken"


class ChannelBusy(Conflict):
    """The channel's state does not allow this."""

    code, title = "channel_busy", "Not now"
