"""AES-128 as HLS has it: whole segments in CBC with PKCS7 padding (RFC 8216bis §4.4.4.4, §5.2). Pure.

The initialization vector is the segment's number, which is its media sequence number, since every playlist begins with
0: two segments of a rendition never share one, and playlists need not name it. Renditions share keys and numbers; that
tells who has no key how many bytes at the very beginning of two segments are the same, which is the header of a box.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from transcoder.errors import OutputBroken

if TYPE_CHECKING:
    from transcoder.encryption.content_keys import ContentKey

_BLOCK: Final = 16


def encrypt(key: ContentKey, number: int, body: bytes) -> bytes:
    """A segment as it is published: up to 16 bytes longer."""
    padder, cipher = PKCS7(8 * _BLOCK).padder(), _cipher(key, number).encryptor()
    return cipher.update(padder.update(body) + padder.finalize()) + cipher.finalize()


def decrypt(key: ContentKey, number: int, body: bytes) -> bytes:
    """The segment as it was encoded. Raises OutputBroken for what this key and number have not encrypted."""
    cipher, unpadder = _cipher(key, number).decryptor(), PKCS7(8 * _BLOCK).unpadder()
    try:
        return unpadder.update(cipher.update(body) + cipher.finalize()) + unpadder.finalize()
    except ValueError as exc:
        raise OutputBroken(f"segment {number} is not encrypted with the key {key.id.hex()}") from exc


def _cipher(key: ContentKey, number: int) -> Cipher[CBC]:
    return Cipher(AES128(key.key), CBC(number.to_bytes(_BLOCK, "big")))
