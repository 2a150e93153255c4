"""Settings of encryption: the same for the API, which makes and serves keys, and for the workers, which use them."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from infra.errors import SettingsError
from infra.settings import read, setting
from transcoder.encryption.wrapping import KEY_SIZE, Wrapping

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptionSettings:
    """What content keys are kept with."""

    key_encryption_key: str = setting(
        "",
        env="CHANNEL_KEY_ENCRYPTION_KEY",
        shown="content keys lie in the bucket as they are",
        help="32 random bytes in base64 that wrap the content keys in the bucket, the same for API and workers; to "
        "change it write the new one in front of the old one, with a comma: [encryption.md](encryption.md)",
        secret=True,
    )

    def __post_init__(self) -> None:
        self.wrapping()

    def wrapping(self) -> Wrapping:
        """Raises SettingsError; what it says holds nothing of the key."""
        return Wrapping(keys=tuple(_key(text.strip()) for text in self.key_encryption_key.split(",") if text.strip()))

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        return read(cls, env)


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_SIZE:
        raise SettingsError(
            f"CHANNEL_KEY_ENCRYPTION_KEY: write {KEY_SIZE} random bytes in base64, for example what "
            "`openssl rand -base64 32` prints"
        )
    return key
