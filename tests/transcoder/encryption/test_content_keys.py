from __future__ import annotations

import hmac
from dataclasses import replace
from hashlib import sha256

from manifests.layout import AssetId
from transcoder.encryption.content_keys import Keys
from transcoder.encryption.key_ids import KeyName, parse
from transcoder.plan import Protection
from transcoder.profile import Encryption

SECRET = bytes(range(32))
KEYS = Keys(
    asset=AssetId("asset"), version=3, protection=Protection(scheme=Encryption.AES_128, period=2), secret=SECRET
)


def test_a_key_is_hkdf_expand_of_the_secret() -> None:
    """RFC 5869 §2.3 by hand: one block of 32 bytes, of which 16 are the key."""
    told = hmac.new(SECRET, b"content key asset/3/1\x01", sha256).digest()[:16]
    assert KEYS.key(1).key == told
    assert parse(KEYS.asset, KEYS.key(1).id) == KeyName(version=3, place=1)


def test_segments_of_a_period_share_a_key() -> None:
    found = [KEYS.key_at(number).key for number in range(7)]
    assert [found.index(each) for each in found] == [0, 0, 2, 2, 4, 4, 6]


def test_one_key_for_all_without_a_period() -> None:
    alone = replace(KEYS, protection=Protection(scheme=Encryption.AES_128))
    assert alone.key_at(0) == alone.key_at(10_000)


def test_no_two_assets_versions_or_secrets_share_a_key() -> None:
    others = [
        KEYS,
        replace(KEYS, asset=AssetId("another")),
        replace(KEYS, version=4),
        replace(KEYS, secret=bytes(32)),
    ]
    found = {each.key(place).key for each in others for place in range(3)}
    assert len(found) == 3 * len(others)


def test_neither_secret_nor_key_is_ever_printed() -> None:
    shown = f"{KEYS!r} {KEYS.key(0)!r}"
    assert repr(SECRET) not in shown
    assert repr(KEYS.key(0).key) not in shown
