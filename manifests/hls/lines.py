"""A playlist as lines (RFC 8216bis §4.1): tags, URIs, and nothing that could smuggle one into the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from manifests.errors import PlaylistError

if TYPE_CHECKING:
    from collections.abc import Iterable

EXTM3U: Final = "EXTM3U"

SKIP: Final = "EXT-X-SKIP"
"""Its list of removed IDs has tabs between them (§4.4.5.2), which are in no other line."""

# §4.1: no control characters but CR and LF, no byte order mark.
_FORBIDDEN: Final = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]")
_TAG: Final = re.compile(r"#(EXT[A-Z0-9-]*)(?::(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """`#NAME` or `#NAME:VALUE`."""

    name: str
    value: str | None
    line: int

    @property
    def required_value(self) -> str:
        if self.value is None:
            raise PlaylistError(f"{self.name} needs a value", line=self.line)
        return self.value

    def integer(self) -> int:
        """The value as a decimal-integer."""
        text = self.required_value
        if not (text.isascii() and text.isdigit() and len(text) <= 20):
            raise PlaylistError(f"{self.name} needs a decimal integer, not {text!r}", line=self.line)
        return int(text)

    def bare(self) -> None:
        """Check that there is no value."""
        if self.value is not None:
            raise PlaylistError(f"{self.name} has no value", line=self.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uri:
    """A line that is no tag: the URI of a segment or a playlist."""

    text: str
    line: int


Line: TypeAlias = Tag | Uri


def read(text: str) -> list[Line]:
    """The lines behind `#EXTM3U`; comments and empty lines are left out. Raises PlaylistError."""
    first, *rest = text.replace("\r\n", "\n").split("\n")
    if first != f"#{EXTM3U}":
        raise PlaylistError("the first line must be #EXTM3U", line=1)
    found: list[Line] = []
    for number, line in enumerate(rest, 2):
        without_tabs = line.replace("\t", "") if line.startswith(f"#{SKIP}:") else line
        if _FORBIDDEN.search(without_tabs) or "\r" in line:
            raise PlaylistError("a control character", line=number)
        if line != line.strip():
            raise PlaylistError("white space around a line", line=number)
        if line.startswith("#EXT"):
            match = _TAG.fullmatch(line)
            if match is None:
                raise PlaylistError(f"no tag: {line!r}", line=number)
            found.append(Tag(name=match[1], value=match[2], line=number))
        elif line and not line.startswith("#"):
            found.append(Uri(text=line, line=number))
    return found


def uri(text: str) -> str:
    """A URI as a line of its own. Raises PlaylistError for what a player would read as something else."""
    if (
        not text
        or text.startswith("#")
        or text != text.strip()
        or _FORBIDDEN.search(text)
        or re.search(r"[\r\n]", text)
    ):
        raise PlaylistError(f"not a URI line: {text!r}")
    return text


def write(lines: Iterable[str]) -> str:
    """The whole playlist: `#EXTM3U`, the lines, a line feed behind each."""
    return "\n".join([f"#{EXTM3U}", *lines, ""])


def once(tags: Iterable[Tag]) -> dict[str, Tag]:
    """Tags that belong to the whole playlist, by name. Raises PlaylistError if one comes twice (§4.4.3)."""
    found: dict[str, Tag] = {}
    for tag in tags:
        if tag.name in found:
            raise PlaylistError(f"{tag.name} must not appear twice", line=tag.line)
        found[tag.name] = tag
    return found
