"""The captions that an asset lists, as a fact in the bucket: what playlists are rendered from.

The catalogue writes a new object for each change and never changes one, so that two writers cannot overwrite each
other's; the highest revision counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from infra.errors import ObjectNotFound
from manifests import layout

if TYPE_CHECKING:
    from infra.ports import ObjectStore
    from manifests.layout import AssetId, RenditionId

CaptionKind: TypeAlias = Literal["subtitles", "captions", "descriptions", "forced"]
"""What a track is for: `subtitles` are the words, for who does not know the language; `captions` the words and the
sounds, for who does not hear; `descriptions` the picture in words, for who does not see; `forced` what nobody would
understand (foreign speech, signs), shown whatever a viewer chose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTrack:
    """A track whose segments are in the bucket. `language` is a BCP 47 tag, `version` that of the source which it was
    found in and goes with; None: it goes with any."""

    rendition: layout.RenditionId
    language: str
    name: str
    kind: CaptionKind
    default: bool = False
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionList:
    """All tracks of an asset, in the order in which they are shown. `revision` 0: nobody has listed any."""

    revision: int = 0
    tracks: tuple[ListedTrack, ...] = ()

    def of(self, version: int) -> tuple[ListedTrack, ...]:
        """Those that go with a version of the source."""
        return tuple(track for track in self.tracks if track.version in {None, version})


NONE = CaptionList()


async def read_captions(store: ObjectStore, asset: AssetId, revision: int) -> CaptionList | None:
    """The list as it was at a revision; None if that is gone."""
    try:
        return msgspec.json.decode(await store.read(layout.caption_list(asset, revision)), type=CaptionList)
    except ObjectNotFound:
        return None


async def find_captions(store: ObjectStore, asset: AssetId) -> CaptionList:
    """The list as it is now."""
    revisions = [
        revision
        async for stat in store.list(layout.caption_lists(asset))
        if (revision := layout.caption_list_revision(stat.key)) is not None
    ]
    for revision in sorted(revisions, reverse=True):
        found = await read_captions(store, asset, revision)
        if found is not None:
            return found
    return NONE


def dump(captions: CaptionList) -> bytes:
    return msgspec.json.encode(captions)


def renditions(captions: CaptionList) -> frozenset[RenditionId]:
    """The renditions that the list names."""
    return frozenset(track.rendition for track in captions.tracks)
