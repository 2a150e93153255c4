"""The handshake of RTMP (§5.2), the plain one that encoders speak. Digests and encryption were for Flash players."""

from __future__ import annotations

from typing import Final

from streaming.live.ingest.errors import ProtocolFault

VERSION: Final = 3
SIZE: Final = 1536
"""Bytes of C1, S1, C2 and S2."""

NONCE: Final = SIZE - 8
HELLO: Final = 1 + SIZE
"""Bytes of C0 and C1 together."""


def answer(hello: bytes, *, nonce: bytes) -> bytes:
    """S0, S1 and S2 to a client's C0 and C1. `nonce`: NONCE random bytes. Raises ProtocolFault.

    The zeros in S1 say that no digest is to be looked for in it; S2 gives C1 back.
    """
    if hello[0] != VERSION:
        raise ProtocolFault(f"RTMP version {hello[0]} is not spoken here, only {VERSION}.")
    return bytes([VERSION]) + bytes(8) + nonce + hello[1:]
