from __future__ import annotations

import pytest

from manifests.layout import AssetId, RenditionId
from transcoder.encryption.content_keys import Keys
from transcoder.encryption.protect import clear, protect
from transcoder.encryption.whole_segments import decrypt
from transcoder.plan import Protection
from transcoder.profile import Encryption

RUNG = RenditionId("v90-1")
KEYS = Keys(
    asset=AssetId("asset"), version=1, protection=Protection(scheme=Encryption.AES_128, period=2), secret=bytes(32)
)


async def nothing() -> bytes:
    raise AssertionError("whole segments are encrypted without an init section")


@pytest.mark.parametrize("number", [None, 0, 5])
async def test_without_keys_nothing_changes(number: int | None) -> None:
    assert await protect(None, RUNG, number, b"body", init=nothing) == b"body"
    assert await clear(None, number, b"body") == b"body"


@pytest.mark.parametrize("size", [1, 1_000_000])
async def test_segments_are_encrypted_with_the_key_of_their_period(size: int) -> None:
    body = bytes(size)
    for number in range(4):
        made = await protect(KEYS, RUNG, number, body, init=nothing)
        assert made != body
        assert decrypt(KEYS.key(number // 2), number, made) == body
        assert await clear(KEYS, number, made) == body


async def test_init_sections_stay_as_they_are() -> None:
    assert await protect(KEYS, RUNG, None, b"init", init=nothing) == b"init"
    assert await clear(KEYS, None, b"init") == b"init"
