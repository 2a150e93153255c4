"""EXT-X-RENDITION-REPORT (RFC 8216bis §4.4.5.4): how far another rendition is, for players that change to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.errors import PlaylistError
from manifests.hls import attributes, lines
from manifests.hls.attributes import quoted

if TYPE_CHECKING:
    from manifests.hls.lines import Tag

TAG: Final = "EXT-X-RENDITION-REPORT"
_KNOWN: Final = frozenset({"URI", "LAST-MSN", "LAST-PART"})
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|/")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionReport:
    uri: str
    """URI (required) of the other media playlist, relative to the one that it stands in"""
    last_msn: int
    """LAST-MSN (required): media sequence number of its last part, or of its last segment where it has no parts"""
    last_part: int | None = None
    """LAST-PART (required where it has parts): index of its last part"""

    def render(self) -> str:
        if _ABSOLUTE.match(self.uri):
            raise PlaylistError(f"{TAG}: URI must be relative")
        return attributes.render(TAG, (
            ("URI", quoted(lines.uri(self.uri))),
            ("LAST-MSN", str(self.last_msn)),
            ("LAST-PART", None if self.last_part is None else str(self.last_part)),
        ))  # fmt: skip


def parse(tag: Tag) -> RenditionReport:
    """Of a report that says all: that what equals the playlist's own may be left out (§4.4.5.4) is not used here."""
    found = attributes.parse(tag, _KNOWN)
    return RenditionReport(
        uri=found.need("URI", found.quoted("URI")),
        last_msn=found.need("LAST-MSN", found.integer("LAST-MSN")),
        last_part=found.integer("LAST-PART"),
    )
