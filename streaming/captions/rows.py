"""Rows of captions to values, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from manifests.captions.model import Cue
from streaming.captions.model import Kind, Naming, Text, Track, TrackList
from streaming.captions.tables import caption_tracks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Row

    from manifests.layout import AssetId

TRACK_COLUMNS: Final = tuple(column for column in caption_tracks.c if column.name != "cues")
"""All of a track but its cues, which are large."""


def list_of(asset: AssetId, row: Row[Any] | None, tracks: Iterable[Row[Any]] = ()) -> TrackList:
    """The list that a row of `caption_lists` (None: there is none) and those of its tracks hold."""
    if row is None:
        return TrackList(asset=asset)
    return TrackList(
        asset=asset,
        revision=row.revision,
        found=row.found,
        notes=msgspec.json.decode(row.notes, type=tuple[str, ...]),
        published=row.published,
        version=row.version,
        length=row.length,
        tracks=tuple(map(track_of, tracks)),
    )


def track_of(row: Row[Any]) -> Track:
    return Track(
        number=row.number,
        revision=row.revision,
        rendition=row.rendition,
        naming=Naming(language=row.language, name=row.name, kind=Kind(row.kind), default=row.is_default),
        version=row.version,
        timed=row.timed,
        format=row.format,
        filename=row.filename,
        warnings=msgspec.json.decode(row.warnings, type=tuple[str, ...]),
        cue_count=row.cue_count,
        edited_by=row.edited_by,
        edited_at=row.edited_at,
    )


def cues_of(text: str) -> tuple[Cue, ...]:
    return msgspec.json.decode(text, type=tuple[Cue, ...])


def texts(values: Iterable[str]) -> str:
    """A list of sentences, as a column holds it."""
    return msgspec.json.encode(tuple(values)).decode()


def naming_columns(naming: Naming) -> dict[str, Any]:
    return {
        "language": naming.language, "name": naming.name, "kind": naming.kind.value, "is_default": naming.default,
    }  # fmt: skip


def text_columns(text: Text) -> dict[str, Any]:
    return {
        "format": text.format,
        "filename": text.filename,
        "warnings": texts(text.warnings),
        **cue_columns(text.cues),
    }


def cue_columns(cues: tuple[Cue, ...]) -> dict[str, Any]:
    return {"cue_count": len(cues), "cues": msgspec.json.encode(cues).decode()}
