from __future__ import annotations

from datetime import UTC, datetime, timedelta

from streaming.live.ingest.publisher import Place
from streaming.live.keys.model import NewStreamKey, StreamKey, is_secret_of, new_secret, srt_passphrase
from streaming.secret_hash import hashed

NOW = datetime(2026, 2, 6, 20, tzinfo=UTC)


def key(*, expires_at: datetime | None = None, revoked_at: datetime | None = None) -> StreamKey:
    return StreamKey(
        id="k", channel="c", place=Place.PRIMARY, created_by="ann", created_at=NOW, expires_at=expires_at,
        revoked_at=revoked_at, srt_port=None,
    )  # fmt: skip


def test_validity() -> None:
    later = NOW + timedelta(hours=1)
    assert key().valid(later)
    assert key(expires_at=later).valid(later - timedelta(seconds=1))
    assert not key(expires_at=later).valid(later)
    assert not key(revoked_at=NOW).valid(NOW)


def test_secrets_can_stand_in_urls_and_are_not_shown_twice() -> None:
    secret = new_secret()
    assert secret != new_secret()
    assert secret.replace("_", "").replace("-", "").isalnum()
    assert secret not in repr(NewStreamKey(key=key(), secret=secret))
    assert is_secret_of(secret, hashed(secret))
    assert not is_secret_of(secret + "x", hashed(secret))
    assert not is_secret_of("\udc80", hashed(secret))


def test_srt_passphrases_are_long_enough_and_belong_to_one_key_of_one_service() -> None:
    first = srt_passphrase("k", pepper=b"one")
    assert 10 <= len(first) <= 79
    assert first == srt_passphrase("k", pepper=b"one")
    assert len({first, srt_passphrase("l", pepper=b"one"), srt_passphrase("k", pepper=b"two")}) == 3
