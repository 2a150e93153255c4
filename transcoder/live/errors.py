"""Errors of live feeds. Their texts are for whoever publishes, and for the control room.

FeedError
├── FeedRefused        it cannot be made into the event; `code` says why in a word
│   └── OpeningDied    whoever read its beginning was killed, crashed, or waited for too long
└── FeedBroken         it went well until now: the publisher may come again
    └── EncoderDied    its encoder ended by itself: another one may go on in its place
"""

from __future__ import annotations


class FeedError(Exception):
    """A feed cannot go on."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class FeedRefused(FeedError):
    """The feed cannot be taken."""


class OpeningDied(FeedRefused):
    """The beginning of the feed cannot be read, or not by whoever tried."""


class FeedBroken(FeedError):
    """The feed ended where it should not have."""


class EncoderDied(FeedBroken):
    """The encoder was killed, crashed, or stood still. `delivered`: it had made parts of the feed before."""

    def __init__(self, message: str, *, delivered: bool) -> None:
        super().__init__(message, code="encoder")
        self.delivered = delivered
