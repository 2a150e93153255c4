"""What is published is encrypted here, and what of it is read again is made clear: the two ends of every scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from anyio import to_thread

from transcoder.encryption import common, whole_segments
from transcoder.encryption.common_init import clear_init
from transcoder.profile import Encryption

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from manifests.layout import RenditionId
    from transcoder.encryption.content_keys import ContentKey, Keys

_AT_ONCE: Final = 256 * 1024
"""Bytes that are encrypted within a fraction of a millisecond; more of them would keep others waiting for the loop."""


async def protect(
    keys: Keys | None, rendition: RenditionId, number: int | None, body: bytes, *,
    init: Callable[[], Awaitable[bytes]], nice: int = 0,
) -> bytes:  # fmt: skip
    """An object as it lies in the bucket: a segment, or an init section (None). Without keys as it is.

    `init` gives the clear init section of the segment's rendition, where samples are encrypted; `nice` is the niceness
    of a process that may be needed. AES-128 leaves init sections as they are: they hold what playlists say anyway.
    Raises NotProtected, and what `init` raises.
    """
    if keys is None:
        return body
    match keys.protection.scheme:
        case Encryption.NONE:
            return body
        case Encryption.AES_128:
            if number is None:
                return body
            return await _whole(whole_segments.encrypt, keys, number, body)
        case Encryption.CBCS | Encryption.CENC:
            key = common_key(keys)
            if number is None:
                return common.protect_init(body, key)
            name = f"{rendition}/{number}"
            return await common.protect_segment(await init(), body, key, name=name, nice=nice)
        case _:
            assert_never(keys.protection.scheme)


async def clear(keys: Keys | None, number: int | None, body: bytes) -> bytes:
    """An object as it was encoded, from how it lies in the bucket. Raises OutputBroken."""
    if keys is None:
        return body
    match keys.protection.scheme:
        case Encryption.NONE:
            return body
        case Encryption.AES_128:
            if number is None:
                return body
            return await _whole(whole_segments.decrypt, keys, number, body)
        case Encryption.CBCS | Encryption.CENC:
            if number is None:
                return clear_init(body)
            return await to_thread.run_sync(common.clear_segment, body, common_key(keys))
        case _:
            assert_never(keys.protection.scheme)


async def _whole(
    crypt: Callable[[ContentKey, int, bytes], bytes], keys: Keys, number: int, body: bytes
) -> bytes:  # fmt: skip
    if len(body) <= _AT_ONCE:
        return crypt(keys.key_at(number), number, body)
    return await to_thread.run_sync(crypt, keys.key_at(number), number, body)


def common_key(keys: Keys) -> common.CommonKey:
    """The one key of a version under Common Encryption."""
    key = keys.key(0)
    return common.CommonKey(scheme=keys.protection.scheme, kid=key.id, key=key.key)
