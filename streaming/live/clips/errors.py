"""Errors of clips from a running channel.

ApiError
├── NotFound
│   └── NotShown               nothing was shown on the channel at that time
├── Gone
│   └── NoLongerThere          what was shown then is kept no more
├── Unprocessable
│   └── CutOutOfRange          (streaming/clips/errors.py) the wrong way round, or longer than allowed
└── TooEarly
    └── NotYet                 the out-point has not been published (Retry-After)
"""

from __future__ import annotations

from streaming.http.problem import Gone, NotFound, TooEarly


class NotShown(NotFound):
    """The channel showed nothing at that time, in the event that it shows or showed last. What was before is in
    recordings: `recording` is the last one."""

    code, title = "not_shown", "Nothing was shown then"


class NoLongerThere(Gone):
    """What the channel showed then is kept no more, or could not be kept."""

    code, title = "no_longer_there", "No longer there"


class NotYet(TooEarly):
    """The last picture has not been published yet: ask again when Retry-After says."""

    code, title = "not_yet", "Not yet"
