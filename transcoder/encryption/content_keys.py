"""The content keys of an asset version: all of them follow from one secret, so that there is no list to keep.

A version gets 32 random bytes before its first byte arrives, when nobody knows how long it is going to be. Key n is
HKDF-Expand (RFC 5869 §2.3) of that secret with the asset, the version and n: it is the same in every process and at
every try, the next one of a source that still arrives is there before it is needed, and no key tells of another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from manifests.layout import AssetId
from transcoder.encryption.key_ids import KeyId, KeyName, key_id
from transcoder.plan import Protection

SECRET_SIZE: Final = 32
KEY_SIZE: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentKey:
    """A key of 16 bytes, and the name that it goes by."""

    id: KeyId
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of one asset version whose plan has this `protection`."""

    asset: AssetId
    version: int
    protection: Protection
    secret: bytes = field(repr=False)

    def key_at(self, number: int) -> ContentKey:
        """The key of segment `number`, the same in every rendition."""
        return self.key(self.protection.place_of(number))

    def key(self, place: int) -> ContentKey:
        """The key of that place in their order, from 0."""
        name = KeyName(version=self.version, place=place)
        derived = HKDFExpand(
            algorithm=SHA256(), length=KEY_SIZE, info=f"content key {self.asset}/{self.version}/{place}".encode()
        ).derive(self.secret)
        return ContentKey(id=key_id(self.asset, name), key=derived)
