"""What a media playlist lists: EXT-X-MAP, and EXTINF with what belongs to it (RFC 8216bis §4.4.4).

A segment is a head and an end. The head says what holds from its first sample on, and lists its parts; with EXTINF,
which is the end, the segment is whole. A head alone is a segment that still grows.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from fractions import Fraction
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from manifests.errors import PlaylistError
from manifests.hls import attributes, byte_range, date_range, date_time, decimals, key, lines, part
from manifests.hls.byte_range import ByteRange
from manifests.hls.date_range import DateRange
from manifests.hls.key import Key
from manifests.hls.part import Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.hls.lines import Tag, Uri

EXTINF: Final = "EXTINF"
MAP: Final = "EXT-X-MAP"
DISCONTINUITY: Final = "EXT-X-DISCONTINUITY"
PROGRAM_DATE_TIME: Final = "EXT-X-PROGRAM-DATE-TIME"
GAP: Final = "EXT-X-GAP"
_REPEATED: Final = frozenset({key.TAG, part.TAG, date_range.TAG})
_OF_THE_END: Final = frozenset({EXTINF, byte_range.TAG, GAP})
TAGS: Final = frozenset({DISCONTINUITY, PROGRAM_DATE_TIME, MAP}) | _REPEATED | _OF_THE_END
"""Tags in front of the URI that they belong to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """EXT-X-MAP: the init section of the segments behind it."""

    uri: str
    """URI (required)"""
    byte_range: ByteRange | None = None
    """BYTERANGE; absent means the whole resource"""

    def render(self) -> str:
        section = None if self.byte_range is None else attributes.quoted(self.byte_range.render())
        return attributes.render(MAP, [("URI", attributes.quoted(lines.uri(self.uri))), ("BYTERANGE", section)])


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentHead:
    """What stands in front of the end of a segment."""

    before: tuple[DateRange, ...] = ()
    """EXT-X-DATERANGE in front of all its tags: what was added when nothing of it was there"""
    discontinuity: bool = False
    """EXT-X-DISCONTINUITY: time stamps or the encoding do not go on from the segment before"""
    init_keys: tuple[Key, ...] = ()
    """EXT-X-KEY in front of `map`: of that init section, too (§4.4.4.5)"""
    map: Map | None = None
    """EXT-X-MAP, of this segment and those behind it"""
    keys: tuple[Key, ...] = ()
    """EXT-X-KEY in front of it: of this segment and those behind it, until the next that has any"""
    program_date_time: datetime | None = None
    """EXT-X-PROGRAM-DATE-TIME: date of its first sample, to the millisecond"""
    listed: tuple[Part | DateRange, ...] = ()
    """EXT-X-PART of it, from the first on, and EXT-X-DATERANGE between them: they stand where they were added"""

    @property
    def parts(self) -> tuple[Part, ...]:
        return tuple(each for each in self.listed if isinstance(each, Part))

    @property
    def date_ranges(self) -> tuple[DateRange, ...]:
        return (*self.before, *(each for each in self.listed if isinstance(each, DateRange)))

    def head(self) -> list[str]:
        """Its lines. What holds for the first part stands in front of it (§4.4.4.9)."""
        key.check_together(self.keys)
        check_init_keys(self.map, self.init_keys)
        found = [each.render() for each in self.before]
        if self.discontinuity:
            found.append(f"#{DISCONTINUITY}")
        found += [each.render() for each in self.init_keys]
        if self.map is not None:
            found.append(self.map.render())
        found += [each.render() for each in self.keys]
        if self.program_date_time is not None:
            try:
                found.append(f"#{PROGRAM_DATE_TIME}:{date_time.render(self.program_date_time)}")
            except ValueError as exc:
                raise PlaylistError(f"{PROGRAM_DATE_TIME}: {exc}") from exc
        return [*found, *(each.render() for each in self.listed)]

    def version(self) -> int:
        """The EXT-X-VERSION that it needs (§8)."""
        return max([1 if self.map is None else 6, *(each.version() for each in (*self.init_keys, *self.keys))])


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment(SegmentHead):
    """EXTINF, what else is said of the segment, and the URI line behind it."""

    uri: str
    """the line behind the tags (required)"""
    duration: Fraction
    """EXTINF (required): seconds, a multiple of a microsecond. In a playlist of I-frames: until the next one"""
    byte_range: ByteRange | None = None
    """EXT-X-BYTERANGE; absent means the whole resource"""
    gap: bool = False
    """EXT-X-GAP: there is nothing to load"""

    def render(self) -> str:
        """Two lines or more."""
        try:
            duration = decimals.render(self.duration)
        except ValueError as exc:
            raise PlaylistError(f"{EXTINF}: {exc}") from exc
        found = self.head()
        if self.gap:
            found.append(f"#{GAP}")
        found.append(f"#{EXTINF}:{duration},")
        if self.byte_range is not None:
            found.append(f"#{byte_range.TAG}:{self.byte_range.render()}")
        return "\n".join([*found, lines.uri(self.uri)])

    def version(self) -> int:
        """The EXT-X-VERSION that it needs (§8)."""
        # not super(): a dataclass with slots is another class than the one that methods were written in
        decimal = 3 if self.duration.denominator != 1 else 1
        return max(SegmentHead.version(self), decimal, 1 if self.byte_range is None else 4)


def check_init_keys(section: Map | None, keys: tuple[Key, ...]) -> None:
    """Raises PlaylistError for keys that cannot be those of an init section (§4.4.4.4, §4.4.4.5)."""
    if not keys:
        return
    if section is None:
        raise PlaylistError(f"{key.TAG} of an init section that is not there")
    key.check_together(keys)
    if any(each.method == "AES-128" and each.iv is None for each in keys):
        raise PlaylistError(f"{key.TAG} needs IV for an init section (§4.4.4.5)")


def parse_map(tag: Tag) -> Map:
    found = attributes.parse(tag, frozenset({"URI", "BYTERANGE"}))
    uri, text = found.need("URI", found.quoted("URI")), found.quoted("BYTERANGE")
    section = None if text is None else byte_range.parse(text, following=None, line=tag.line)
    return Map(uri=uri, byte_range=section)


def is_first_map(tags: Sequence[Tag]) -> bool:
    """Whether an EXT-X-MAP behind these tags, with no segment before them, is that of the playlist."""
    return all(tag.name in {key.TAG, date_range.TAG} for tag in tags)


def parse_head(tags: Sequence[Tag]) -> SegmentHead:
    """The head that tags make, in whatever order they stand. Raises PlaylistError."""
    found = lines.once(tag for tag in tags if tag.name not in _REPEATED)
    for tag in tags:
        if tag.name in _OF_THE_END:
            raise PlaylistError(f"{tag.name} belongs to no URI", line=tag.line)
    if DISCONTINUITY in found:
        found[DISCONTINUITY].bare()
    map_line = found[MAP].line if MAP in found else 0
    keys = [tag for tag in tags if tag.name == key.TAG]
    before = len(list(takewhile(lambda tag: tag.name == date_range.TAG, tags)))
    return SegmentHead(
        before=tuple(date_range.parse(tag) for tag in tags[:before]),
        discontinuity=DISCONTINUITY in found,
        init_keys=tuple(key.parse(tag) for tag in keys if tag.line < map_line),
        map=parse_map(found[MAP]) if MAP in found else None,
        keys=tuple(key.parse(tag) for tag in keys if tag.line > map_line),
        program_date_time=_date(found[PROGRAM_DATE_TIME]) if PROGRAM_DATE_TIME in found else None,
        listed=_listed(tags[before:]),
    )


def parse_segment(tags: Sequence[Tag], uri: Uri, *, before: Segment | None) -> Segment:
    """The segment of a URI line and the tags in front of it; `before`: the one listed before it."""
    head = parse_head([tag for tag in tags if tag.name not in _OF_THE_END])
    found = lines.once(tag for tag in tags if tag.name in _OF_THE_END)
    if EXTINF not in found:
        raise PlaylistError(f"a URI without {EXTINF}", line=uri.line)
    if GAP in found:
        found[GAP].bare()
    section = None
    if byte_range.TAG in found:
        tag = found[byte_range.TAG]
        continued = before.byte_range if before is not None and before.uri == uri.text else None
        following = None if continued is None else continued.end
        section = byte_range.parse(tag.required_value, following=following, line=tag.line)
    return Segment(
        **{field.name: getattr(head, field.name) for field in fields(head)},
        uri=uri.text,
        duration=_duration(found[EXTINF]),
        byte_range=section,
        gap=GAP in found,
    )


def _listed(tags: Sequence[Tag]) -> tuple[Part | DateRange, ...]:
    found: list[Part | DateRange] = []
    before: Part | None = None
    for tag in tags:
        if tag.name == part.TAG:
            before = part.parse(tag, before=before)
            found.append(before)
        elif tag.name == date_range.TAG:
            found.append(date_range.parse(tag))
    return tuple(found)


def _date(tag: Tag) -> datetime:
    try:
        return date_time.parse(tag.required_value)
    except ValueError as exc:
        raise PlaylistError(f"{PROGRAM_DATE_TIME}: {exc}", line=tag.line) from exc


def _duration(tag: Tag) -> Fraction:
    text, comma, title = tag.required_value.partition(",")
    if not comma or title:
        raise PlaylistError(f"{EXTINF} needs a duration, a comma and no title", line=tag.line)
    try:
        return decimals.parse(text)
    except ValueError as exc:
        raise PlaylistError(f"{EXTINF}: {exc}", line=tag.line) from exc
