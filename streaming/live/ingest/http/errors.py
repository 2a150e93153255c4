"""Errors of publishing by HTTP.

ApiError
├── Unauthorized
│   └── StreamKeyRefused        no key was shown, or a wrong one
├── PublisherSilent       408   nothing came for too long
├── TooManyWrongKeys      429   this address has to wait
├── Conflict
│   └── ChannelNotTaking        the key is good, but nobody takes the stream now
├── Gone
│   └── PublicationOver         the channel was stopped, or the key revoked
├── PreconditionFailed
│   └── HeaderMissing           fragments came before the header of their track
├── TooLarge
│   └── TooMuchHeld             more is held than any encoder has on its way
└── UnsupportedMediaType
    └── NotPushable             what came is no track, playlist or segment that is understood here
"""

from __future__ import annotations

from streaming.http.problem import (
    ApiError,
    Conflict,
    Gone,
    PreconditionFailed,
    TooLarge,
    Unauthorized,
    UnsupportedMediaType,
)


class StreamKeyRefused(Unauthorized):
    """Send the channel's stream key: as a bearer token, or as the password of basic authentication."""

    code, title = "stream_key_refused", "Stream key refused"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Basic realm="ingest", Bearer realm="ingest"'})


class PublisherSilent(ApiError):
    """Nothing came for too long."""

    status, code, title = 408, "publisher_silent", "Nothing came"


class TooManyWrongKeys(ApiError):
    """Too many wrong stream keys came from this address. Wait a minute."""

    status, code, title = 429, "too_many_wrong_keys", "Too many wrong keys"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail, headers={"Retry-After": "60"})


class ChannelNotTaking(Conflict):
    """The channel does not take a stream now."""

    code, title = "channel_not_taking", "The channel takes no stream"


class PublicationOver(Gone):
    """The channel was stopped, or the stream key revoked."""

    code, title = "publication_over", "Publication over"


class HeaderMissing(PreconditionFailed):
    """Send the track's header (ftyp and moov) first: nothing is known of this track."""

    code, title = "track_header_missing", "Track header missing"


class TooMuchHeld(TooLarge):
    """More was sent than is named by a playlist or manifest, and no more of it is held."""

    code, title = "too_much_held", "Too much sent ahead"


class NotPushable(UnsupportedMediaType):
    """This is no track, playlist or segment that can be pushed."""

    code, title = "not_pushable", "Not pushable"
