"""EXT-X-PRELOAD-HINT (RFC 8216bis §4.4.5.3): what may be asked for before it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

from manifests.errors import PlaylistError
from manifests.hls import attributes, lines
from manifests.hls.attributes import quoted

if TYPE_CHECKING:
    from manifests.hls.lines import Tag

TAG: Final = "EXT-X-PRELOAD-HINT"
HintType = Literal["PART", "MAP"]
_KNOWN: Final = frozenset({"TYPE", "URI", "BYTERANGE-START", "BYTERANGE-LENGTH"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PreloadHint:
    type: HintType
    """TYPE (required): the next part, or the init section of what comes next"""
    uri: str
    """URI (required), as EXT-X-PART or EXT-X-MAP will have it"""
    start: int | None = None
    """BYTERANGE-START; absent means 0"""
    length: int | None = None
    """BYTERANGE-LENGTH; absent means to the end of the resource"""

    def render(self) -> str:
        return attributes.render(TAG, (
            ("TYPE", attributes.symbol(self.type)),
            ("URI", quoted(lines.uri(self.uri))),
            ("BYTERANGE-START", None if self.start is None else str(self.start)),
            ("BYTERANGE-LENGTH", None if self.length is None else str(self.length)),
        ))  # fmt: skip


def parse(tag: Tag) -> PreloadHint:
    found = attributes.parse(tag, _KNOWN)
    kind = found.need("TYPE", found.symbol("TYPE"))
    if kind not in get_args(HintType):
        raise PlaylistError(f"{TAG}: TYPE={kind} is not known", line=tag.line)
    return PreloadHint(
        type=cast("HintType", kind),
        uri=found.need("URI", found.quoted("URI")),
        start=found.integer("BYTERANGE-START"),
        length=found.integer("BYTERANGE-LENGTH"),
    )
