"""Errors of timelines.

ApiError
├── NotFound
│   └── MarkNotFound           the channel has no mark with this id
└── Conflict
    ├── NoEventRuns            there is nothing to be marked
    ├── MarkExists             another mark has this id
    ├── MarkContradicted       what was told to players would change
    └── TimelineFull           too many marks are in the playlists
"""

from __future__ import annotations

from streaming.http.problem import Conflict, NotFound


class MarkNotFound(NotFound):
    """The channel has no mark with this id."""

    code, title = "mark_not_found", "No such mark"


class NoEventRuns(Conflict):
    """No event runs on this channel: start one first."""

    code, title = "no_event_runs", "Nothing to mark"


class MarkExists(Conflict):
    """Another mark of this channel has this id."""

    code, title = "mark_exists", "Id is taken"


class MarkContradicted(Conflict):
    """Players were told something else already: a mark can be added to and ended, not changed."""

    code, title = "mark_contradicted", "Told already"


class TimelineFull(Conflict):
    """Too many marks are in the playlists: others must leave the window first."""

    code, title = "timeline_full", "Too many marks"
