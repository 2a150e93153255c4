"""Errors of the catalogue.

ApiError
├── NotFound
│   ├── AssetNotFound          unknown, deleted, or no possible id at all
│   └── NoCandidates           there is no picture (yet) that could be its poster
├── Forbidden
│   └── NotPublished           it exists, but the public may not see it (yet, or any more)
├── Conflict
│   ├── IllegalTransition      the asset's (editorial) state does not allow this; `allowed` says what it does
│   ├── UploadSuperseded       another source has arrived first, or is to replace this one
│   └── NoReplacement          nothing is on its way to replace the asset
├── PreconditionFailed
│   └── EditConflict           If-Match names an older revision
├── Unprocessable
│   └── BadQuery               a filter or cursor of the list cannot be understood
└── InvalidField               (streaming/http/body.py) a field of the body
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streaming.http.problem import Conflict, Forbidden, NotFound, PreconditionFailed, Unavailable, Unprocessable

if TYPE_CHECKING:
    from collections.abc import Iterable


class AssetNotFound(NotFound):
    """There is no asset with this id (any more)."""

    code, title = "asset_not_found", "No such asset"


class NoCandidates(NotFound):
    """There is no picture yet that could be the poster: candidates are drawn when the asset becomes ready."""

    code, title = "no_candidates", "No poster yet"


class NotPublished(Forbidden):
    """This asset is not published: publish it, or send an editor's token."""

    code, title = "not_published", "Not published"


class IllegalTransition(Conflict):
    """The asset's state does not allow this."""

    code, title = "illegal_transition", "Not in this state"

    def __init__(self, *, state: str, wanted: str, allowed: Iterable[str]) -> None:
        steps = sorted(allowed)
        onward = f"from there it can become {', '.join(steps)}" if steps else "that is final"
        super().__init__(
            f"The asset is {state} and cannot become {wanted}: {onward}.", state=state, wanted=wanted, allowed=steps
        )


class PosterPending(Unavailable):
    """The picture is still being drawn: nothing is chosen yet. Send it again in a moment."""

    code, title = "poster_pending", "Not drawn yet"


class PosterUnreadable(Unprocessable):
    """The file is no JPEG, PNG or WebP picture that can be read, or has more than fifty million pixels."""

    code, title = "poster_unreadable", "Picture not readable"


class NoReplacement(Conflict):
    """Nothing is on its way to replace this asset (any more): what arrived last is played already."""

    code, title = "no_replacement", "Nothing to give up"


class UploadSuperseded(Conflict):
    """Another source of this asset has arrived first, or has begun to come since: this one is not used."""

    code, title = "upload_superseded", "Another upload was first"


class EditConflict(PreconditionFailed):
    """The asset has been changed since you read it: read it again and send its new ETag in If-Match."""

    code, title = "edit_conflict", "Changed meanwhile"


class BadQuery(Unprocessable):
    """A parameter of the query cannot be understood."""

    code, title = "bad_query", "Query not understood"

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(f"{parameter}: {detail}", parameter=parameter)
