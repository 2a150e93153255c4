"""Names of content keys: 16 bytes that everybody may know, made of what the key is for. Pure.

    8 bytes   of the SHA-256 of the asset's id
    4 bytes   the version of its source
    4 bytes   which of the version's keys it is, from 0

So playlists are written, and a key is found, without a list of keys; and a name of another asset's key is told at
once. In URLs it stands as 32 hexadecimal digits. CENC calls it KID (ISO/IEC 23001-7 §5.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NewType

if TYPE_CHECKING:
    from manifests.layout import AssetId

KeyId = NewType("KeyId", bytes)

SIZE: Final = 16
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyName:
    """What a key is for: a version of an asset, and there the segments that have this `place` in the order of keys."""

    version: int
    place: int


def key_id(asset: AssetId, name: KeyName) -> KeyId:
    """Raises OverflowError for numbers beyond 32 bits."""
    return KeyId(_of_asset(asset) + name.version.to_bytes(4, "big") + name.place.to_bytes(4, "big"))


def parse(asset: AssetId, body: bytes) -> KeyName | None:
    """What a key of this asset is for; None for whatever is no name of one."""
    if len(body) != SIZE or body[:8] != _of_asset(asset):
        return None
    return KeyName(version=int.from_bytes(body[8:12], "big"), place=int.from_bytes(body[12:], "big"))


def parse_text(asset: AssetId, text: str) -> KeyName | None:
    """The same, as it stands in URLs: there is one way to write it."""
    return None if _HEXADECIMAL.fullmatch(text) is None else parse(asset, bytes.fromhex(text))


def _of_asset(asset: AssetId) -> bytes:
    return sha256(asset.encode()).digest()[:8]
