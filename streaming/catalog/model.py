"""The catalogue's values: an asset, its two lives and the rules of each. Pure.

The asset life says what can be played; the editorial life, beside it, who may play it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from manifests.layout import AssetId
from transcoder.facts import Failure
from transcoder.profile import Encryption


class AssetState(StrEnum):
    """created → uploading → indexing → playable → ready | failed.

    `playable`: the plan stands, so every playlist is complete and any segment can be asked for. `ready`: every object
    of it is in the bucket.
    """

    CREATED = "created"
    UPLOADING = "uploading"
    INDEXING = "indexing"
    PLAYABLE = "playable"
    READY = "ready"
    FAILED = "failed"

    @property
    def following(self) -> frozenset[AssetState]:
        """The states that may come next."""
        return _ASSET_STEPS[self]


class EditorialState(StrEnum):
    """draft → in_review → scheduled → published → unpublished | taken_down."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    UNPUBLISHED = "unpublished"
    TAKEN_DOWN = "taken_down"

    @property
    def following(self) -> frozenset[EditorialState]:
        """The states that may come next."""
        return _EDITORIAL_STEPS[self]


# An upload may be given up (back to created), or be given up for lost and still arrive (created to indexing); a failed
# asset may be given another source. What plays stays as it is until all of its replacement is there (replacing.py).
_ASSET_STEPS: Final[Mapping[AssetState, frozenset[AssetState]]] = {
    AssetState.CREATED: frozenset({AssetState.UPLOADING, AssetState.INDEXING}),
    AssetState.UPLOADING: frozenset({AssetState.CREATED, AssetState.INDEXING}),
    AssetState.INDEXING: frozenset({AssetState.PLAYABLE, AssetState.FAILED}),
    AssetState.PLAYABLE: frozenset({AssetState.READY, AssetState.FAILED}),
    AssetState.READY: frozenset(),
    AssetState.FAILED: frozenset({AssetState.UPLOADING}),
}

_EDITORIAL_STEPS: Final[Mapping[EditorialState, frozenset[EditorialState]]] = {
    EditorialState.DRAFT: frozenset(
        {EditorialState.IN_REVIEW, EditorialState.SCHEDULED, EditorialState.PUBLISHED, EditorialState.TAKEN_DOWN}
    ),
    EditorialState.IN_REVIEW: frozenset(
        {EditorialState.DRAFT, EditorialState.SCHEDULED, EditorialState.PUBLISHED, EditorialState.TAKEN_DOWN}
    ),
    EditorialState.SCHEDULED: frozenset(
        {EditorialState.DRAFT, EditorialState.PUBLISHED, EditorialState.UNPUBLISHED, EditorialState.TAKEN_DOWN}
    ),
    EditorialState.PUBLISHED: frozenset({EditorialState.UNPUBLISHED, EditorialState.TAKEN_DOWN}),
    EditorialState.UNPUBLISHED: frozenset(
        {EditorialState.IN_REVIEW, EditorialState.SCHEDULED, EditorialState.PUBLISHED, EditorialState.TAKEN_DOWN}
    ),
    EditorialState.TAKEN_DOWN: frozenset(),
}

SETTLED: Final = frozenset({AssetState.READY, AssetState.FAILED})
"""Asset states in which nothing more happens by itself."""

VIEWABLE: Final = frozenset({AssetState.PLAYABLE, AssetState.READY})
"""Asset states in which all of it can be played. What has arrived can be played sooner: `Asset.playing`."""

ENCODING: Final = frozenset({AssetState.INDEXING, AssetState.PLAYABLE})
"""Asset states in which the transcoder has work to do: what the reconciler watches."""

FINAL: Final = frozenset({EditorialState.TAKEN_DOWN})
"""Editorial states that are never left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A source that is to take the place of the one that is played, and how far it has come: `uploading`, `indexing`,
    `playable` (its plan stands, and it is encoded) or `failed`."""

    version: int
    state: AssetState
    source_filename: str | None = None
    source_size: int | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A catalogued title.

    `version` is the number of the source that is (being) encoded, 0 while none has arrived; `last_version` that of the
    latest that began to come; `growing` that of the source that is played while it arrives, until its plan stands.
    `captions` is the revision of the list of captions that viewers see, 0 for none.
    `replacement` is on its way to become what is played.
    `revision` counts the edits and is what If-Match compares; states that move by themselves do not count. Titles and
    descriptions by language (BCP 47). `profile` names what `last_version` is made by. `duration_s`, `width`,
    `height` are of the upright picture as planned; None before, or for lack of a picture. `encryption` is that of
    what is played.
    """

    id: AssetId
    state: AssetState
    editorial: EditorialState
    version: int
    last_version: int
    growing: int | None
    captions: int = 0
    replacement: Replacement | None = None
    revision: int
    titles: Mapping[str, str]
    default_language: str
    descriptions: Mapping[str, str]
    tags: tuple[str, ...]
    sport: str | None
    discipline: str | None
    duration_s: float | None
    width: int | None
    height: int | None
    encryption: Encryption = Encryption.NONE
    source_filename: str | None
    source_size: int | None
    failure: Failure | None
    profile: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None

    @property
    def playing(self) -> int | None:
        """The version that is played, wholly or as far as it has arrived; None for none."""
        return self.version if self.state in VIEWABLE else self.growing

    def has_source(self, version: int) -> bool:
        """Whether the source of that version has arrived and is wanted: it is played, or is to be."""
        coming = self.replacement
        arrived = coming is not None and coming.version == version and coming.state in ENCODING
        return version == self.version or arrived


def new_asset_id() -> AssetId:
    """128 random bits, safe in a URL and in an object key."""
    return AssetId(secrets.token_urlsafe(16))
