"""EXT-X-PART and EXT-X-PART-INF (RFC 8216bis §4.4.4.9, §4.4.3.7): pieces of a segment, listed before it is whole."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from manifests.errors import PlaylistError
from manifests.hls import attributes, byte_range, decimals, lines
from manifests.hls.attributes import quoted
from manifests.hls.byte_range import ByteRange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.hls.lines import Tag

TAG: Final = "EXT-X-PART"
INF: Final = "EXT-X-PART-INF"
_KNOWN: Final = frozenset({"URI", "DURATION", "INDEPENDENT", "BYTERANGE", "GAP"})
SHORTEST: Final = Fraction(85, 100)
"""A part lasts at least this much of PART-TARGET; see `check_durations` for those that need not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One partial segment; its index is its place among those of its parent segment."""

    uri: str
    """URI (required)"""
    duration: Fraction
    """DURATION (required): seconds, a multiple of a microsecond"""
    independent: bool = False
    """INDEPENDENT: it holds a picture that needs no other"""
    byte_range: ByteRange | None = None
    """BYTERANGE; absent means the whole resource"""
    gap: bool = False
    """GAP: there is nothing to load"""

    def render(self) -> str:
        try:
            duration = decimals.render(self.duration)
        except ValueError as exc:
            raise PlaylistError(f"{TAG}: DURATION: {exc}") from exc
        return attributes.render(TAG, (
            ("DURATION", duration),
            ("URI", quoted(lines.uri(self.uri))),
            ("INDEPENDENT", "YES" if self.independent else None),
            ("BYTERANGE", None if self.byte_range is None else quoted(self.byte_range.render())),
            ("GAP", "YES" if self.gap else None),
        ))  # fmt: skip


def check_durations(parts: Sequence[Part], target: Fraction) -> None:
    """Raises PlaylistError where the parts of a segment are longer than PART-TARGET, or too short (§4.4.4.9).

    What need not reach 85 % of it: a part that is INDEPENDENT or a GAP, one in front of a GAP, and the last one. In a
    segment that still grows, that is the last so far: it may turn out to be the last.
    """
    for index, part in enumerate(parts):
        if part.duration > target:
            raise PlaylistError(f"{TAG}: DURATION is above PART-TARGET")
        excused = part.independent or part.gap or index + 1 == len(parts) or parts[index + 1].gap
        if part.duration < SHORTEST * target and not excused:
            raise PlaylistError(f"{TAG}: DURATION is below 85 % of PART-TARGET")


def parse(tag: Tag, *, before: Part | None) -> Part:
    """`before`: the part in front of it, of the same parent segment. Raises PlaylistError."""
    found = attributes.parse(tag, _KNOWN)
    uri, text = found.need("URI", found.quoted("URI")), found.quoted("BYTERANGE")
    continued = before.byte_range if before is not None and before.uri == uri else None
    following = None if continued is None else continued.end
    return Part(
        uri=uri,
        duration=found.need("DURATION", found.decimal("DURATION")),
        independent=found.flag("INDEPENDENT"),
        byte_range=None if text is None else byte_range.parse(text, following=following, line=tag.line),
        gap=found.flag("GAP"),
    )


def render_target(target: Fraction) -> str:
    """EXT-X-PART-INF with PART-TARGET, s. Raises PlaylistError."""
    try:
        return attributes.render(INF, [("PART-TARGET", decimals.render(target))])
    except ValueError as exc:
        raise PlaylistError(f"{INF}: PART-TARGET: {exc}") from exc


def parse_target(tag: Tag) -> Fraction:
    found = attributes.parse(tag, frozenset({"PART-TARGET"}))
    return found.need("PART-TARGET", found.decimal("PART-TARGET"))
