"""Captions as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from manifests.captions.model import Cue
from streaming.captions.model import Kind, in_order

if TYPE_CHECKING:
    from streaming.captions.model import Track, TrackList
    from streaming.catalog.model import Asset


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionTrackView:
    """A track. `origin` is "source" as long as it is what was found inside the uploaded file. `state`: "published" when
    viewers see it as it is here, "waiting" until then (for the plan of the asset, mostly). `playlist_url` is its HLS
    playlist; null before it is published. `etag` goes into If-Match."""

    id: str
    language: str
    name: str
    kind: Kind
    default: bool
    origin: Literal["upload", "source"]
    state: Literal["published", "waiting"]
    etag: str
    format: str
    filename: str | None
    warnings: list[str]
    cue_count: int
    edited_by: str
    edited_at: datetime
    playlist_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionTrackWithCues(CaptionTrackView):
    """A track with its cues, in order. Times in ms from the asset's first picture, text as WebVTT cue text."""

    cues: Sequence[Cue]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionListView:
    """The captions of an asset. `source`: whether the uploaded file has been searched for captions; `notes`: what of
    those cannot become text."""

    source: Literal["none", "pending", "done"]
    notes: list[str]
    tracks: list[CaptionTrackView]


def list_view(asset: Asset, tracks: TrackList) -> CaptionListView:
    searched = asset.version > 0 and tracks.found >= asset.version
    return CaptionListView(
        source="done" if searched else "pending" if asset.version else "none",
        notes=list(tracks.notes),
        tracks=[track_view(tracks, track) for track in in_order(tracks.tracks)],
    )


def track_view(tracks: TrackList, track: Track) -> CaptionTrackView:
    return CaptionTrackView(**_facts(tracks, track))


def track_with_cues(tracks: TrackList, track: Track, cues: Sequence[Cue]) -> CaptionTrackWithCues:
    return CaptionTrackWithCues(**_facts(tracks, track), cues=cues)


def _facts(tracks: TrackList, track: Track) -> dict[str, Any]:
    is_published = tracks.is_published(track)
    url = f"/v/{tracks.asset}/{track.rendition_id}/index.m3u8"
    return {
        "id": track.id, "language": track.naming.language, "name": track.naming.name, "kind": track.naming.kind,
        "default": track.naming.default, "origin": "upload" if track.version is None else "source",
        "state": "published" if is_published else "waiting", "etag": track.etag, "format": track.format,
        "filename": track.filename, "warnings": list(track.warnings), "cue_count": track.cue_count,
        "edited_by": track.edited_by, "edited_at": track.edited_at, "playlist_url": url if is_published else None,
    }  # fmt: skip
