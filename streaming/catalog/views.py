"""How assets are shown: to the public, and to editors."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from streaming.catalog.languages import choose
from streaming.catalog.model import Asset, AssetState, EditorialState
from streaming.http.caching import entity_tags
from transcoder.profile import Encryption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streaming.catalog.model import Replacement
    from transcoder.facts import Failure

_REVISION: Final = re.compile(r"r(\d{1,9})-[0-9a-f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAsset:
    """What everybody may know of a published asset. `title`, `description` are in `language`, chosen for the reader.

    `playback_url` (HLS) is null until there is something to play; that may be while the source still arrives
    (`uploading`). `dash_url` is null until all of the source has arrived, and where `encryption` is nothing for DASH.
    `poster_url` and `storyboard_url` (WebVTT) are null until the asset is ready, and where there is no picture.
    """

    id: str
    state: AssetState
    title: str
    description: str | None
    language: str
    titles: dict[str, str]
    descriptions: dict[str, str]
    tags: list[str]
    sport: str | None
    discipline: str | None
    duration_s: float | None
    width: int | None
    height: int | None
    encryption: Encryption
    published_at: datetime | None
    playback_url: str | None
    dash_url: str | None
    poster_url: str | None
    storyboard_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureView:
    """Why an asset cannot be made: `code` for programs, `message` for an editor."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacementView:
    """A source that is to take the place of the one that is played: `uploading`, `indexing`, `playable` (it is being
    encoded) or `failed`."""

    version: int
    state: AssetState
    source_filename: str | None
    source_size: int | None
    failure: FailureView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorAsset(PublicAsset):
    """All that editors see. `editorial_next` are the editorial states that may come next; `profile` is what the latest
    source is made by; `replacement` is on its way to become what is played."""

    editorial: EditorialState
    editorial_next: list[EditorialState]
    default_language: str
    version: int
    revision: int
    source_filename: str | None
    source_size: int | None
    failure: FailureView | None
    profile: str
    replacement: ReplacementView | None
    created_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetList:
    """One page, newest first. `next_cursor` goes into `cursor` for the next page; null on the last one.

    Editors get each asset as an EditorAsset, which is a PublicAsset and more.
    """

    assets: Sequence[PublicAsset]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """For whom a view is made: which language, and under which address playback is reached (no slash at its end)."""

    lang: str | None
    accept_language: str | None
    base_url: str
    editor: bool


def view(asset: Asset, shown: Shown) -> PublicAsset:
    """The view of an asset that a reader may have."""
    language = choose(
        asset.titles, lang=shown.lang, accept=shown.accept_language, default=asset.default_language
    )  # fmt: skip
    described = asset.descriptions.get(language, asset.descriptions.get(asset.default_language))
    whole = asset.playing is not None and asset.state in {AssetState.PLAYABLE, AssetState.READY}
    drawn = asset.state is AssetState.READY and asset.width is not None
    public = PublicAsset(
        id=asset.id, state=asset.state, title=asset.titles[language], description=described, language=language,
        titles=dict(asset.titles), descriptions=dict(asset.descriptions), tags=list(asset.tags),
        sport=asset.sport, discipline=asset.discipline,
        duration_s=asset.duration_s, width=asset.width, height=asset.height, encryption=asset.encryption,
        published_at=asset.published_at,
        playback_url=f"{shown.base_url}/v/{asset.id}/index.m3u8" if asset.playing is not None else None,
        dash_url=f"{shown.base_url}/v/{asset.id}/manifest.mpd" if whole and asset.encryption.has_dash else None,
        poster_url=f"{shown.base_url}/v/{asset.id}/poster.jpg" if drawn else None,
        storyboard_url=f"{shown.base_url}/v/{asset.id}/storyboard.vtt" if drawn else None,
    )  # fmt: skip
    if not shown.editor:
        return public
    return EditorAsset(
        **{name: getattr(public, name) for name in PublicAsset.__dataclass_fields__},
        editorial=asset.editorial, editorial_next=[s for s in EditorialState if s in asset.editorial.following],
        default_language=asset.default_language, version=asset.version, revision=asset.revision,
        source_filename=asset.source_filename, source_size=asset.source_size,
        profile=asset.profile, failure=failure_view(asset.failure),
        replacement=None if asset.replacement is None else _replacement_view(asset.replacement),
        created_by=asset.created_by, created_at=asset.created_at, updated_at=asset.updated_at,
    )  # fmt: skip


def failure_view(failure: Failure | None) -> FailureView | None:
    """What of a failure an editor is told."""
    return None if failure is None else FailureView(code=failure.code, message=failure.message)


def _replacement_view(coming: Replacement) -> ReplacementView:
    return ReplacementView(
        version=coming.version, state=coming.state, source_filename=coming.source_filename,
        source_size=coming.source_size, failure=failure_view(coming.failure),
    )  # fmt: skip


def etag_of(asset: Asset, body: object) -> str:
    """A strong tag of this view. It begins with the revision, which is all that If-Match compares: an edit is not
    refused because an encode went on meanwhile, or because it was read in another language."""
    digest = hashlib.sha256(msgspec.json.encode(body)).hexdigest()[:16]
    return f'"r{asset.revision}-{digest}"'


def revisions_of(headers: Mapping[str, str]) -> frozenset[int] | None:
    """The revisions that If-Match accepts; None if every one is right (no header, or `*`)."""
    header = headers.get("if-match")
    if header is None or header.strip() == "*":
        return None
    matches = (_REVISION.fullmatch(tag) for weak, tag in entity_tags(header) or [] if not weak)
    return frozenset(int(match[1]) for match in matches if match is not None)
