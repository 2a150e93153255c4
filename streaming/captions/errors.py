"""Errors of captions.

ApiError
├── NotFound
│   └── CaptionTrackNotFound   the asset has no such track (any more)
├── Conflict
│   └── TooManyCaptions        the asset has as many tracks as it may
├── PreconditionFailed
│   └── CaptionConflict        somebody else has changed the track meanwhile
└── Unprocessable
    └── CaptionsUnreadable     the file, or a cue, cannot be used; `reason` and `line` say why
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streaming.http.problem import Conflict, NotFound, PreconditionFailed, Unprocessable

if TYPE_CHECKING:
    from manifests.errors import CaptionError
    from streaming.captions.model import Track


class CaptionTrackNotFound(NotFound):
    """This asset has no such caption track: list them at /api/assets/{id}/captions."""

    code, title = "caption_track_not_found", "No such caption track"


class TooManyCaptions(Conflict):
    """This asset has as many caption tracks as it may: delete one first."""

    code, title = "too_many_captions", "Too many caption tracks"


class CaptionConflict(PreconditionFailed):
    """Somebody else has changed these captions since you opened them. Nothing was overwritten: keep a copy of yours,
    read the track again, and send its new ETag in If-Match."""

    code, title = "caption_conflict", "Changed meanwhile"

    def __init__(self, track: Track) -> None:
        when = track.edited_at.isoformat(timespec="seconds").replace("+00:00", "Z")
        super().__init__(
            f"{track.edited_by} has changed these captions at {when}, since you opened them. Nothing was overwritten: "
            "keep a copy of yours, read the track again, and send its new ETag in If-Match.",
            etag=track.etag, edited_by=track.edited_by, edited_at=when,
        )  # fmt: skip


class CaptionsUnreadable(Unprocessable):
    """The captions cannot be used; `reason` says why, `line` where."""

    code, title = "captions_unreadable", "Captions not readable"

    def __init__(self, error: CaptionError) -> None:
        super().__init__(str(error), reason=error.code, line=error.line)
