from __future__ import annotations

import base64

import pytest

from infra.errors import SettingsError
from transcoder.encryption.settings import EncryptionSettings

NAME = "CHANNEL_KEY_ENCRYPTION_KEY"
ONE, TWO = (base64.b64encode(bytes([value]) * 32).decode() for value in (1, 2))


def test_none_by_default() -> None:
    assert EncryptionSettings.from_env({}).wrapping().keys == ()


def test_several_keys_the_newest_first() -> None:
    read = EncryptionSettings.from_env({NAME: f"{TWO}, {ONE}"})
    assert read.wrapping().keys == (bytes([2]) * 32, bytes([1]) * 32)
    assert ONE not in repr(read)


@pytest.mark.parametrize("text", ["secret", base64.b64encode(bytes(16)).decode(), f"{ONE}!", f"{ONE}{TWO}"])
def test_what_is_no_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(SettingsError, match=NAME) as refused:
        EncryptionSettings.from_env({NAME: text})
    assert text not in str(refused.value)
    assert "openssl rand -base64 32" in str(refused.value)
