"""The hash by which a secret of ours is kept and found again: a token, a login, a stream key. Pure."""

from __future__ import annotations

import hashlib


def hashed(secret: str) -> str:
    """What is kept of a secret. Ours have 192 random bits and more, which need no salt and no slow hash: there is
    nothing to guess."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
