"""What is published is encrypted here, and what of it is read again is made clear: the two ends of every scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from anyio import to_thread

from transcoder.encryption import whole_segments
from transcoder.profile import Encryption

if TYPE_CHECKING:
    from manifests.layout import RenditionId
    from transcoder.encryption.content_keys import Keys

_AT_ONCE: Final = 256 * 1024
"""Bytes that are encrypted within a fraction of a millisecond; more of them would keep others waiting for the loop."""


async def protect(keys: Keys | None, rendition: RenditionId, number: int | None, body: bytes) -> bytes:
    """An object as it lies in the bucket: a segment, or an init section (None). Without keys as it is.

    AES-128 leaves init sections as they are: they hold what playlists say anyway.
    """
    if keys is None:
        return body
    match keys.protection.scheme:
        case Encryption.AES_128:
            if number is None:
                return body
            if len(body) <= _AT_ONCE:
                return whole_segments.encrypt(keys.key_at(number), number, body)
            return await to_thread.run_sync(whole_segments.encrypt, keys.key_at(number), number, body)
        case scheme:
            raise ValueError(f"nobody encrypts {rendition} by {scheme}")


async def clear(keys: Keys | None, rendition: RenditionId, number: int | None, body: bytes) -> bytes:
    """An object as it was encoded, from how it lies in the bucket. Raises OutputBroken."""
    if keys is None:
        return body
    match keys.protection.scheme:
        case Encryption.AES_128:
            if number is None:
                return body
            if len(body) <= _AT_ONCE:
                return whole_segments.decrypt(keys.key_at(number), number, body)
            return await to_thread.run_sync(whole_segments.decrypt, keys.key_at(number), number, body)
        case scheme:
            raise ValueError(f"nobody decrypts {rendition} by {scheme}")
