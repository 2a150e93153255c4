"""Attribute lists (RFC 8216bis §4.2): typed on the way in, safe against injection on the way out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from manifests.errors import PlaylistError
from manifests.hls import decimals

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

    from manifests.hls.lines import Tag

T = TypeVar("T")

_ATTRIBUTE: Final = re.compile(r'([A-Z0-9-]+)=(?:"([^"]*)"|([^",\s]+))(,|$)')
# A quoted-string holds no quote and no line feed, and a playlist no control characters (§4.1, §4.2). Nor the line and
# paragraph separators, which some players' line splitting breaks at.
_UNQUOTABLE: Final = re.compile('["\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]')
_ENUMERATED: Final = re.compile(r'[^",\s\x00-\x1f\x7f-\x9f]+')


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Pixels, upright."""

    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """The attributes of one tag as they stand there; each method reads one of a type, None where it is absent."""

    tag: str
    line: int
    strings: Mapping[str, str]
    symbols: Mapping[str, str]

    def _error(self, name: str, wanted: str) -> PlaylistError:
        return PlaylistError(f"{self.tag}: {name} must be {wanted}", line=self.line)

    def names(self) -> tuple[str, ...]:
        """All of them, in no order to rely on: strings first."""
        return (*self.strings, *self.symbols)

    def quoted(self, name: str) -> str | None:
        if name in self.symbols:
            raise self._error(name, "a quoted string")
        return self.strings.get(name)

    def quoted_list(self, name: str) -> tuple[str, ...]:
        """The parts of a quoted string that has commas between them; none where it is absent."""
        text = self.quoted(name)
        return () if text is None else tuple(part.strip() for part in text.split(","))

    def symbol(self, name: str) -> str | None:
        """An enumerated-string or a number, which stands without quotes."""
        if name in self.strings:
            raise self._error(name, "without quotes")
        return self.symbols.get(name)

    def integer(self, name: str) -> int | None:
        text = self.symbol(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 20):
            raise self._error(name, "a decimal integer")
        return int(text)

    def decimal(self, name: str) -> Fraction | None:
        text = self.symbol(name)
        try:
            return None if text is None else decimals.parse(text)
        except ValueError as exc:
            raise self._error(name, "a decimal number") from exc

    def flag(self, name: str) -> bool:
        """YES or NO; absent means NO."""
        text = self.symbol(name)
        if text not in {None, "YES", "NO"}:
            raise self._error(name, "YES or NO")
        return text == "YES"

    def resolution(self, name: str) -> Resolution | None:
        text = self.symbol(name)
        if text is None:
            return None
        match = re.fullmatch(r"([0-9]{1,9})x([0-9]{1,9})", text)
        if match is None:
            raise self._error(name, "WIDTHxHEIGHT")
        return Resolution(width=int(match[1]), height=int(match[2]))

    def need(self, name: str, value: T | None) -> T:
        """The value of an attribute that the tag cannot do without."""
        if value is None:
            raise PlaylistError(f"{self.tag} needs {name}", line=self.line)
        return value


def parse(tag: Tag, known: frozenset[str], *, own: str | None = None) -> Attributes:
    """The attribute list of a tag.

    Raises PlaylistError for what is malformed, for a name that comes twice, and for a name that is neither `known` nor
    begins with `own`: what a value has no field for would be lost without a word.
    """
    text, position = tag.required_value, 0
    strings: dict[str, str] = {}
    symbols: dict[str, str] = {}
    more = True
    while more:
        match = _ATTRIBUTE.match(text, position)
        if match is None:
            raise PlaylistError(f"{tag.name}: no attribute list: {text[position:]!r}", line=tag.line)
        name, string, symbol, comma = match.groups()
        if name in strings or name in symbols:
            raise PlaylistError(f"{tag.name}: {name} must not appear twice", line=tag.line)
        if name not in known and not (own is not None and name.startswith(own)):
            raise PlaylistError(f"{tag.name}: {name} is not known", line=tag.line)
        if string is None:
            symbols[name] = symbol
        else:
            strings[name] = string
        position, more = match.end(), bool(comma)
    return Attributes(tag=tag.name, line=tag.line, strings=strings, symbols=symbols)


def quotable(text: str) -> str:
    """A text from outside (a track's title, say) with all that a quoted-string cannot hold taken out or replaced."""
    return " ".join(_UNQUOTABLE.sub(lambda found: "'" if found[0] == '"' else " ", text).split())


def quoted(text: str) -> str:
    """A quoted-string. Raises PlaylistError for a text that would end it early."""
    if _UNQUOTABLE.search(text):
        raise PlaylistError(f"not fit for a quoted string: {text!r}")
    return f'"{text}"'


def symbol(text: str) -> str:
    """An enumerated-string. Raises PlaylistError for quotes, commas and white space."""
    if _ENUMERATED.fullmatch(text) is None:
        raise PlaylistError(f"not fit for an enumerated string: {text!r}")
    return text


def render(tag: str, attributes: Iterable[tuple[str, str | None]]) -> str:
    """One line of a tag with an attribute list; attributes without a value are left out."""
    return f"#{tag}:" + ",".join(f"{name}={value}" for name, value in attributes if value is not None)
