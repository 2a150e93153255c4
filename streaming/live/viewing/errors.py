"""Errors of watching live.

ApiError
├── BadRequest
│   └── WrongDirectives        what is asked of a live playlist cannot be (RFC 8216bis §6.2.5.2)
├── NotFound
│   ├── NothingLive            the channel shows nothing, or not yet
│   ├── LiveRenditionNotFound  its event has no such rendition
│   └── LiveMediaNotFound      a segment or part that is not there, or not any more
└── Unavailable
    ├── PartLate               what was waited for did not come
    └── EventUnknown           the channel is on air, and what it shows is not known here at the moment
"""

from __future__ import annotations

from streaming.http.problem import BadRequest, NotFound, Unavailable


class WrongDirectives(BadRequest):
    """The query asks for what a live playlist cannot have yet, or contradicts itself."""

    code, title = "wrong_directives", "Not a possible question"


class NothingLive(NotFound):
    """Nothing has been sent to this channel yet: try again when its event has begun."""

    code, title = "nothing_live", "Nothing to see yet"


class LiveRenditionNotFound(NotFound):
    """The event has no rendition of this name."""

    code, title = "live_rendition_not_found", "No such rendition"


class LiveMediaNotFound(NotFound):
    """There is no such segment or part, or it is gone."""

    code, title = "live_media_not_found", "No such segment"


class PartLate(Unavailable):
    """What was waited for did not come in time: the encoder may have stopped."""

    code, title = "part_late", "Late"


class EventUnknown(Unavailable):
    """The channel is on air, but nothing is whole yet, or Redis has lost what it shows and is told again."""

    code, title = "live_event_unknown", "Wait a moment"
