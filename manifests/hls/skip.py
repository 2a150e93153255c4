"""EXT-X-SKIP (RFC 8216bis §4.4.5.2): what a delta update leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.hls import attributes, lines
from manifests.hls.attributes import quoted

if TYPE_CHECKING:
    from manifests.hls.lines import Tag

TAG: Final = lines.SKIP
_SEPARATOR: Final = "\t"
"""The one control character that a playlist may hold, and in this tag alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    segments: int
    """SKIPPED-SEGMENTS (required)"""
    removed_date_ranges: tuple[str, ...] | None = None
    """RECENTLY-REMOVED-DATERANGES: their IDs (required where older EXT-X-DATERANGE are left out, too)"""

    def render(self) -> str:
        removed = None
        if self.removed_date_ranges is not None:
            ids = (quoted(each).removeprefix('"').removesuffix('"') for each in self.removed_date_ranges)
            removed = f'"{_SEPARATOR.join(ids)}"'
        return attributes.render(
            TAG, [("SKIPPED-SEGMENTS", str(self.segments)), ("RECENTLY-REMOVED-DATERANGES", removed)]
        )

    def version(self) -> int:
        """The EXT-X-VERSION that it needs (§8)."""
        return 9 if self.removed_date_ranges is None else 10


def parse(tag: Tag) -> Skip:
    found = attributes.parse(tag, frozenset({"SKIPPED-SEGMENTS", "RECENTLY-REMOVED-DATERANGES"}))
    removed = found.quoted("RECENTLY-REMOVED-DATERANGES")
    ids = None if removed is None else tuple(removed.split(_SEPARATOR) if removed else ())
    return Skip(segments=found.need("SKIPPED-SEGMENTS", found.integer("SKIPPED-SEGMENTS")), removed_date_ranges=ids)
