"""Secrets wrapped with keys of the operator's: who reads the bucket, or a copy of it, then reads nothing encrypted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from transcoder.errors import KeysUnreadable

KEY_SIZE: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedSecret:
    """As it lies in the bucket. `wrapped_by` names the operator's key; empty: the secret is not wrapped."""

    secret: bytes = field(repr=False)
    wrapped_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapping:
    """AES key wrap (RFC 3394) with the operator's `keys` of 32 bytes: the first wraps, every one of them unwraps."""

    keys: tuple[bytes, ...] = field(default=(), repr=False)

    def wrap(self, secret: bytes) -> WrappedSecret:
        if not self.keys:
            return WrappedSecret(secret=secret)
        return WrappedSecret(secret=aes_key_wrap(self.keys[0], secret), wrapped_by=fingerprint(self.keys[0]))

    def unwrap(self, wrapped: WrappedSecret) -> bytes:
        """Raises KeysUnreadable."""
        if not wrapped.wrapped_by:
            return wrapped.secret
        key = next((key for key in self.keys if fingerprint(key) == wrapped.wrapped_by), None)
        if key is None:
            raise KeysUnreadable(
                f"content keys are wrapped by the key {wrapped.wrapped_by}, which is not in CHANNEL_KEY_ENCRYPTION_KEY"
            )
        try:
            return aes_key_unwrap(key, wrapped.secret)
        except InvalidUnwrap as exc:
            raise KeysUnreadable(f"what the key {wrapped.wrapped_by} has wrapped was changed since") from exc


def fingerprint(key: bytes) -> str:
    """The name of an operator's key: says which it is, and nothing of what it is."""
    return HKDFExpand(algorithm=SHA256(), length=4, info=b"name of a key encryption key").derive(key).hex()
