"""Errors of playback. That an asset is not published, or not there, is said by the catalogue's own errors.

ApiError
├── NotFound
│   ├── KeyNotFound        the asset has no key of this name
│   ├── NoDash             encrypted in a way that DASH has no word for
│   ├── NoMpdYet           the source is still arriving: HLS plays it meanwhile
│   ├── NothingToPlay      no source has arrived yet
│   ├── NoIFrames          the rendition has no playlist of its key pictures
│   ├── RenditionNotFound  the asset has no rendition of this name
│   ├── SegmentNotFound    the rendition has no segment of this number
│   └── StillNotFound      no poster or storyboard is drawn (yet), or none of this name
├── Gone
│   └── AssetFailed        it could not be made; `reason` and the detail say why
└── Unavailable
    ├── NotPlayableYet     the source is being looked at: a second or two
    └── SegmentPending     a segment is still being encoded
"""

from __future__ import annotations

from streaming.http.problem import Gone, NotFound, Unavailable


class NothingToPlay(NotFound):
    """This asset has no source yet: upload one."""

    code, title = "nothing_to_play", "Nothing to play yet"


class KeyNotFound(NotFound):
    """This asset has no key of this name: take the URIs from its playlists."""

    code, title = "key_not_found", "No such key"


class NoDash(NotFound):
    """The segments of this asset are encrypted as a whole (AES-128), which DASH has no word for: play it over HLS."""

    code, title = "no_dash", "Plays over HLS only"


class NoMpdYet(NotFound):
    """The source of this asset is still arriving: it has a DASH manifest once it is whole. HLS plays it already."""

    code, title = "no_mpd_yet", "No DASH manifest yet"


class NoIFrames(NotFound):
    """This rendition has no I-frame playlist: a few have one, once the asset is ready."""

    code, title = "no_iframes", "No I-frame playlist"


class RenditionNotFound(NotFound):
    """This asset has no such rendition: take the names from its multivariant playlist."""

    code, title = "rendition_not_found", "No such rendition"


class SegmentNotFound(NotFound):
    """This rendition has no segment of this number: take the URIs from its media playlist."""

    code, title = "segment_not_found", "No such segment"


class StillNotFound(NotFound):
    """There is no such picture: posters and storyboards are drawn when an asset becomes ready, if it has a picture."""

    code, title = "still_not_found", "No such picture"


class AssetFailed(Gone):
    """This asset could not be made."""

    code, title = "asset_failed", "Could not be made"


class NotPlayableYet(Unavailable):
    """The source is still being examined: try again in a moment."""

    code, title = "not_playable_yet", "Not playable yet"

    def __init__(self) -> None:
        super().__init__(retry_after=1)


class SegmentPending(Unavailable):
    """This segment is still being encoded: ask again."""

    code, title = "segment_pending", "Still being encoded"

    def __init__(self) -> None:
        super().__init__(retry_after=1)
