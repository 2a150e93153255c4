"""HLS playlists as typed values (RFC 8216bis): what a tag may hold is a field, and `parse(x.render()) == x`.

Parsing is strict: a tag, an attribute or a combination that the values cannot hold is an error, never lost.
"""

from __future__ import annotations

from manifests.errors import PlaylistError
from manifests.hls import lines, media, multivariant
from manifests.hls.attributes import Resolution
from manifests.hls.byte_range import ByteRange
from manifests.hls.date_range import DateRange
from manifests.hls.key import Key
from manifests.hls.media import MediaPlaylist
from manifests.hls.multivariant import MultivariantPlaylist
from manifests.hls.part import Part
from manifests.hls.preload_hint import PreloadHint
from manifests.hls.rendition import MediaRendition
from manifests.hls.rendition_report import RenditionReport
from manifests.hls.segment import Map, Segment, SegmentHead
from manifests.hls.server_control import ServerControl
from manifests.hls.skip import Skip
from manifests.hls.variant import ClosedCaptions, IFrameVariant, Variant

__all__ = [
    "ByteRange",
    "ClosedCaptions",
    "DateRange",
    "IFrameVariant",
    "Key",
    "Map",
    "MediaPlaylist",
    "MediaRendition",
    "MultivariantPlaylist",
    "Part",
    "PlaylistError",
    "PreloadHint",
    "RenditionReport",
    "Resolution",
    "Segment",
    "SegmentHead",
    "ServerControl",
    "Skip",
    "Variant",
    "parse",
]


def parse(text: str) -> MultivariantPlaylist | MediaPlaylist:
    """The playlist that a text holds; its tags say of which kind it is (§4.1). Raises PlaylistError."""
    body = lines.read(text)
    names = {line.name for line in body if isinstance(line, lines.Tag)}
    if names & multivariant.TAGS and names & media.TAGS:
        raise PlaylistError("tags of a multivariant and of a media playlist (§4.1)")
    return multivariant.parse(body) if names & multivariant.TAGS else media.parse(body)
