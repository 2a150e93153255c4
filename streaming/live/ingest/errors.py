"""Errors of the ways in.

IngestError
├── Refused              the publisher is not let in; the reason is for its operator
│   ├── WrongKey         no key like this, or it was revoked
│   ├── TooManyTries     this address tried too many wrong keys
│   └── NotTaken         the key is good, but nobody takes the stream: not running, occupied, no capacity
├── FeedClosed           whoever takes the stream wants no more of it
└── ProtocolFault        what came is not what the protocol allows
"""

from __future__ import annotations


class IngestError(Exception):
    """Something is wrong with a publisher. Without a text, the docstring is the text."""

    def __init__(self, detail: str = "") -> None:
        self.detail = detail or " ".join((type(self).__doc__ or "").split())
        super().__init__(self.detail)


class Refused(IngestError):
    """The publisher is not let in."""


class WrongKey(Refused):
    """There is no such stream key, or it was revoked."""


class TooManyTries(Refused):
    """Too many wrong stream keys came from this address; it has to wait."""


class NotTaken(Refused):
    """The channel does not take a stream now."""


class FeedClosed(IngestError):
    """The channel was stopped."""


class ProtocolFault(IngestError):
    """This is not what the protocol allows."""
