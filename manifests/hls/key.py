"""EXT-X-KEY and EXT-X-SESSION-KEY (RFC 8216bis §4.4.4.4, §4.4.6.5): how to decrypt what follows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

from manifests.errors import PlaylistError
from manifests.hls import attributes, lines
from manifests.hls.attributes import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manifests.hls.lines import Tag

TAG: Final = "EXT-X-KEY"
SESSION_TAG: Final = "EXT-X-SESSION-KEY"
Method = Literal["NONE", "AES-128", "SAMPLE-AES", "SAMPLE-AES-CTR"]
IV_SIZE: Final = 16
_KNOWN: Final = frozenset({"METHOD", "URI", "IV", "KEYFORMAT", "KEYFORMATVERSIONS"})
_HEXADECIMAL: Final = re.compile(r"0[xX]([0-9A-Fa-f]{1,32})")
_VERSIONS: Final = re.compile(r"[1-9][0-9]{0,5}(/[1-9][0-9]{0,5})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One way to come by the key of what follows; several that stand together differ in their KEYFORMAT."""

    method: Method
    """METHOD (required). NONE: what follows is not encrypted. AES-128 encrypts whole segments; SAMPLE-AES (`cbcs`) and
    SAMPLE-AES-CTR (`cenc`) the samples in them"""
    uri: str | None = None
    """URI (required unless METHOD is NONE)"""
    iv: bytes | None = None
    """IV, 16 bytes; absent means the media sequence number, where the key format has no say"""
    keyformat: str | None = None
    """KEYFORMAT; absent means "identity": 16 bytes behind the URI are the key"""
    keyformat_versions: tuple[int, ...] = ()
    """KEYFORMATVERSIONS; none means 1"""

    def check(self) -> None:
        """Raises PlaylistError for a combination of attributes that §4.4.4.4 excludes."""
        if self.method == "NONE" and self != Key(method="NONE"):
            raise PlaylistError(f"{TAG}: METHOD=NONE goes with no other attribute")
        if self.method != "NONE" and self.uri is None:
            raise PlaylistError(f"{TAG} needs URI")
        if self.iv is not None and len(self.iv) != IV_SIZE:
            raise PlaylistError(f"{TAG}: IV must have {IV_SIZE} bytes")
        if any(version < 1 for version in self.keyformat_versions):
            raise PlaylistError(f"{TAG}: KEYFORMATVERSIONS must be positive")

    def render(self, tag: str = TAG) -> str:
        self.check()
        versions = "/".join(map(str, self.keyformat_versions))
        return attributes.render(tag, (
            ("METHOD", attributes.symbol(self.method)),
            ("URI", None if self.uri is None else quoted(lines.uri(self.uri))),
            ("IV", None if self.iv is None else f"0x{self.iv.hex().upper()}"),
            ("KEYFORMAT", None if self.keyformat is None else quoted(self.keyformat)),
            ("KEYFORMATVERSIONS", quoted(versions) if versions else None),
        ))  # fmt: skip

    def version(self) -> int:
        """The EXT-X-VERSION that it needs (§8)."""
        if self.keyformat is not None or self.keyformat_versions:
            return 5
        return 1 if self.iv is None else 2


def check_together(keys: Iterable[Key]) -> None:
    """Raises PlaylistError for keys that cannot apply to the same segment (§4.4.4.4)."""
    found = tuple(keys)
    formats = {each.keyformat or "identity" for each in found}
    if len(formats) != len(found) or (len(found) > 1 and any(each.method == "NONE" for each in found)):
        raise PlaylistError(f"{TAG}: keys of one segment need a METHOD, and a KEYFORMAT each")


def parse(tag: Tag) -> Key:
    """Of either tag. Raises PlaylistError."""
    found = attributes.parse(tag, _KNOWN)
    method = found.need("METHOD", found.symbol("METHOD"))
    if method not in get_args(Method):
        raise PlaylistError(f"{tag.name}: METHOD={method} is not known", line=tag.line)
    return Key(
        method=cast("Method", method),
        uri=found.quoted("URI"),
        iv=_iv(tag, found.symbol("IV")),
        keyformat=found.quoted("KEYFORMAT"),
        keyformat_versions=_versions(tag, found.quoted("KEYFORMATVERSIONS")),
    )


def _iv(tag: Tag, text: str | None) -> bytes | None:
    if text is None:
        return None
    match = _HEXADECIMAL.fullmatch(text)
    if match is None:
        raise PlaylistError(f"{tag.name}: IV must be a hexadecimal number of 128 bits", line=tag.line)
    return int(match[1], 16).to_bytes(IV_SIZE, "big")


def _versions(tag: Tag, text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    if _VERSIONS.fullmatch(text) is None:
        raise PlaylistError(f"{tag.name}: KEYFORMATVERSIONS must be numbers with slashes", line=tag.line)
    return tuple(map(int, text.split("/")))
