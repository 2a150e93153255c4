"""The media playlist (RFC 8216bis §4.4.3): the segments of one rendition."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

from manifests.errors import PlaylistError
from manifests.hls import attributes, decimals, key, lines, segment
from manifests.hls.key import Key
from manifests.hls.lines import Tag, Uri
from manifests.hls.multivariant import INDEPENDENT_SEGMENTS, VERSION
from manifests.hls.segment import Map, Segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from manifests.hls.lines import Line

TARGETDURATION: Final = "EXT-X-TARGETDURATION"
MEDIA_SEQUENCE: Final = "EXT-X-MEDIA-SEQUENCE"
PLAYLIST_TYPE: Final = "EXT-X-PLAYLIST-TYPE"
ENDLIST: Final = "EXT-X-ENDLIST"
I_FRAMES_ONLY: Final = "EXT-X-I-FRAMES-ONLY"
START: Final = "EXT-X-START"
PlaylistType = Literal["VOD", "EVENT"]

_SINGLES: Final = frozenset(
    {VERSION, TARGETDURATION, MEDIA_SEQUENCE, PLAYLIST_TYPE, I_FRAMES_ONLY, INDEPENDENT_SEGMENTS, START, ENDLIST}
)
TAGS: Final = (_SINGLES - {VERSION, INDEPENDENT_SEGMENTS, START}) | segment.TAGS | {segment.MAP}
"""Tags that only a media playlist has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPlaylist:
    version: int
    """EXT-X-VERSION (§8): 3 for decimal durations, 4 for byte ranges, 6 with an EXT-X-MAP (5 where all are I-frames)"""
    target_duration: int
    """EXT-X-TARGETDURATION (required), s: no rounded duration is longer"""
    media_sequence: int = 0
    """EXT-X-MEDIA-SEQUENCE: number of the first segment"""
    playlist_type: PlaylistType | None = None
    """EXT-X-PLAYLIST-TYPE"""
    iframes_only: bool = False
    """EXT-X-I-FRAMES-ONLY (§4.4.3.6): each segment is one I-frame, and its duration that until the next"""
    independent_segments: bool = False
    """EXT-X-INDEPENDENT-SEGMENTS"""
    start: Fraction | None = None
    """EXT-X-START TIME-OFFSET: where to begin, s from the beginning (§4.4.2.2)"""
    map: Map | None = None
    """EXT-X-MAP of all the segments"""
    init_keys: tuple[Key, ...] = ()
    """EXT-X-KEY in front of EXT-X-MAP: of the init section, too (§4.4.4.5)"""
    segments: tuple[Segment, ...] = ()
    """EXTINF"""
    ended: bool = False
    """EXT-X-ENDLIST"""

    def check(self) -> None:
        """Raises PlaylistError where the parts do not go together."""
        if self.init_keys:
            self._check_init_keys()
        versions = [*(each.version() for each in self.init_keys), *(each.version() for each in self.segments)]
        needed = max([self._map_version(), *versions])
        if self.version < needed:
            raise PlaylistError(f"{VERSION} must be {needed} or more (§8)")
        if self.target_duration < target_duration(each.duration for each in self.segments):
            raise PlaylistError(f"{TARGETDURATION} is less than the longest segment (§4.4.3.1)")

    def _check_init_keys(self) -> None:
        if self.map is None:
            raise PlaylistError(f"{key.TAG} of an init section that is not there")
        key.check_together(self.init_keys)
        if any(each.method == "AES-128" and each.iv is None for each in self.init_keys):
            raise PlaylistError(f"{key.TAG} needs IV for an init section (§4.4.4.5)")

    def _map_version(self) -> int:
        if self.iframes_only:
            return 4 if self.map is None else 5
        return 1 if self.map is None else 6

    def render(self) -> str:
        """The text. Raises PlaylistError."""
        self.check()
        body = [
            f"#{VERSION}:{self.version}",
            f"#{TARGETDURATION}:{self.target_duration}",
            f"#{MEDIA_SEQUENCE}:{self.media_sequence}",
        ]
        if self.playlist_type is not None:
            body.append(f"#{PLAYLIST_TYPE}:{self.playlist_type}")
        if self.iframes_only:
            body.append(f"#{I_FRAMES_ONLY}")
        if self.independent_segments:
            body.append(f"#{INDEPENDENT_SEGMENTS}")
        if self.start is not None:
            body.append(_render_start(self.start))
        body += [each.render() for each in self.init_keys]
        if self.map is not None:
            body.append(self.map.render())
        body += [each.render() for each in self.segments]
        if self.ended:
            body.append(f"#{ENDLIST}")
        return lines.write(body)


def target_duration(durations: Iterable[Fraction]) -> int:
    """The longest duration (s) rounded to the nearest second (§4.4.3.1), at least 1."""
    return max(1, int(decimals.round_half_up(max(durations, default=Fraction(1)))))


def parse(body: Sequence[Line]) -> MediaPlaylist:
    """Raises PlaylistError."""
    singles: list[Tag] = []
    segments: list[Segment] = []
    section: Map | None = None
    init_keys: tuple[Key, ...] = ()
    waiting: list[Tag] = []
    for line in body:
        if isinstance(line, Uri):
            segments.append(segment.parse_segment(waiting, line, before=segments[-1] if segments else None))
            waiting = []
        elif line.name in segment.TAGS:
            waiting.append(line)
        elif line.name == segment.MAP:
            if section is not None or segments or any(tag.name != key.TAG for tag in waiting):
                raise PlaylistError(f"only one {segment.MAP}, before the first segment, is known", line=line.line)
            section = segment.parse_map(line)
            init_keys, waiting = tuple(map(key.parse, waiting)), []
        elif line.name not in _SINGLES:
            raise PlaylistError(f"{line.name} is not known in a media playlist", line=line.line)
        elif segments and line.name == MEDIA_SEQUENCE:
            raise PlaylistError(f"{MEDIA_SEQUENCE} must come before the first segment (§4.4.3.2)", line=line.line)
        else:
            singles.append(line)
    if waiting:
        raise PlaylistError(f"{waiting[0].name} belongs to no URI", line=waiting[0].line)
    return _build(lines.once(singles), section, init_keys, tuple(segments))


def _build(
    singles: dict[str, Tag], section: Map | None, init_keys: tuple[Key, ...], segments: tuple[Segment, ...]
) -> MediaPlaylist:
    def integer(name: str, default: int) -> int:
        return singles[name].integer() if name in singles else default

    if TARGETDURATION not in singles:
        raise PlaylistError(f"{TARGETDURATION} is missing")
    kind = singles[PLAYLIST_TYPE].required_value if PLAYLIST_TYPE in singles else None
    if kind not in {None, *get_args(PlaylistType)}:
        raise PlaylistError(f"{PLAYLIST_TYPE}:{kind} is not known", line=singles[PLAYLIST_TYPE].line)
    for name in (I_FRAMES_ONLY, INDEPENDENT_SEGMENTS, ENDLIST):
        if name in singles:
            singles[name].bare()
    playlist = MediaPlaylist(
        version=integer(VERSION, 1),
        target_duration=integer(TARGETDURATION, 0),
        media_sequence=integer(MEDIA_SEQUENCE, 0),
        playlist_type=cast("PlaylistType | None", kind),
        iframes_only=I_FRAMES_ONLY in singles,
        independent_segments=INDEPENDENT_SEGMENTS in singles,
        start=_start(singles[START]) if START in singles else None,
        map=section,
        init_keys=init_keys,
        segments=segments,
        ended=ENDLIST in singles,
    )
    playlist.render()  # what cannot be written must not be read either
    return playlist


def _render_start(offset: Fraction) -> str:
    try:
        return attributes.render(START, [("TIME-OFFSET", decimals.render(offset))])
    except ValueError as exc:
        raise PlaylistError(f"{START}: {exc}") from exc


def _start(tag: Tag) -> Fraction:
    found = attributes.parse(tag, frozenset({"TIME-OFFSET"}))
    return found.need("TIME-OFFSET", found.decimal("TIME-OFFSET"))
