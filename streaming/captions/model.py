"""Captions as the catalogue keeps them: a list for each asset, whose revision counts every change. Pure.

revision    of the list: one more with every change of any track
a track's revision, rendition
            the list's revision when anything of the track, when its cues (or the length they span) changed last:
            the first is what If-Match compares, the second is in the name of what viewers fetch (`t1-4`)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from manifests import layout
from manifests.captions.cut import cut
from manifests.captions.model import Cue
from manifests.layout import AssetId, RenditionId
from transcoder.captions.listed import CaptionKind, CaptionList, ListedTrack

if TYPE_CHECKING:
    from collections.abc import Sequence


class Kind(StrEnum):
    """What a track is for: see `transcoder.captions.listed.CaptionKind`."""

    SUBTITLES = "subtitles"
    CAPTIONS = "captions"
    DESCRIPTIONS = "descriptions"
    FORCED = "forced"

    @property
    def can_be_default(self) -> bool:
        """Whether a player may be told to show it unasked. Forced ones are shown anyway, descriptions are not read."""
        return self in {Kind.SUBTITLES, Kind.CAPTIONS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How a track is offered: language (BCP 47), the name that viewers choose by, kind, whether it is shown unasked."""

    language: str
    name: str
    kind: Kind = Kind.SUBTITLES
    default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What a track says, and where that is from: `format` of the file that was read ("editor": none), its `filename`,
    `warnings` of the reader."""

    cues: tuple[Cue, ...]
    format: str
    filename: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A track without its cues. `version`: of the source that it was found in and goes with; None: an editor's own.
    `timed`: the version of the source whose times its cues are in."""

    number: int
    revision: int
    rendition: int
    naming: Naming
    version: int | None
    timed: int
    format: str
    filename: str | None
    warnings: tuple[str, ...]
    cue_count: int
    edited_by: str
    edited_at: datetime

    @property
    def id(self) -> str:
        return f"t{self.number}"

    @property
    def etag(self) -> str:
        return f'"{self.id}-{self.revision}"'

    @property
    def rendition_id(self) -> RenditionId:
        return layout.caption_rendition(self.number, self.rendition)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackList:
    """The captions of an asset. `found`: the version of the source whose own captions are in it (0: of none yet),
    `notes` what of those could not be made text. `published`: the revision that viewers see (0: none yet), beside
    `version` of the source, `length` ms long.
    """

    asset: AssetId
    revision: int = 0
    found: int = 0
    notes: tuple[str, ...] = ()
    published: int = 0
    version: int = 0
    length: int = 0
    tracks: tuple[Track, ...] = ()

    def track(self, track_id: str) -> Track | None:
        return next((track for track in self.tracks if track.id == track_id), None)

    def is_published(self, track: Track) -> bool:
        """Whether viewers see this track as it is."""
        return track.revision <= self.published

    def listed(self) -> CaptionList:
        """What the bucket is told of this revision."""
        return CaptionList(revision=self.revision, tracks=tuple(map(_listed, in_order(self.tracks))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trim:
    """A version of the source that is a part of the one before it: `length` ms from `begin` ms on."""

    version: int
    begin: int
    length: int


def trimmed(cues: tuple[Cue, ...], timed: int, trims: Sequence[Trim]) -> tuple[Cue, ...]:
    """Cues that are in the times of version `timed`, in those of the last of these trims (oldest first)."""
    for trim in trims:
        if trim.version > timed:
            cues = cut(cues, begin=trim.begin, length=trim.length)
    return cues


def in_order(tracks: Sequence[Track]) -> list[Track]:
    """As viewers are shown them: by language as first met, words before captions, descriptions last."""
    kinds, languages = list(Kind), list(dict.fromkeys(track.naming.language for track in tracks))
    return sorted(
        tracks,
        key=lambda track: (languages.index(track.naming.language), kinds.index(track.naming.kind), track.number),
    )


def _listed(track: Track) -> ListedTrack:
    kind: CaptionKind = track.naming.kind.value
    return ListedTrack(
        rendition=track.rendition_id, language=track.naming.language, name=track.naming.name, kind=kind,
        default=track.naming.default, version=track.version,
    )  # fmt: skip
