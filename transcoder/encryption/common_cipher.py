"""The two schemes of Common Encryption that we write (ISO/IEC 23001-7 §10): the bytes of a sample, to and fro. Pure.

`cenc` is AES-CTR: the protected ranges of a sample are one stream under the sample's own initialization vector. `cbcs`
is AES-CBC: one block of ten in each protected range of a picture, all whole blocks of a sample of sound, each range
beginning anew with the constant initialization vector of its key. Neither changes a length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, CTR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.ciphers import CipherContext

BLOCK: Final = 16
CRYPT, SKIP = 1, 9
"""Blocks of a picture that are encrypted, and that are left alone behind them (§10.4.2)."""
IV_SIZE: Final = 8
"""Bytes of a sample's own initialization vector; the other eight of the counter begin at zero (§9.2)."""


def counter_mode(body: bytes, ranges: Sequence[range], *, key: bytes, iv: bytes) -> bytes:
    """A sample under `cenc`, encrypted or decrypted: it is the same. `iv` has 8 bytes."""
    stream = Cipher(AES(key), CTR(iv + bytes(BLOCK - IV_SIZE))).encryptor()
    made = bytearray(body)
    for each in ranges:
        made[each.start : each.stop] = stream.update(body[each.start : each.stop])
    return bytes(made)


def block_mode(
    body: bytes, ranges: Sequence[range], *, key: bytes, iv: bytes, decrypt: bool = False, pattern: bool = True
) -> bytes:
    """A sample under `cbcs`. `iv` has 16 bytes; without a `pattern` every whole block is encrypted."""
    cipher, made = Cipher(AES(key), CBC(iv)), bytearray(body)
    for each in ranges:
        stream = cipher.decryptor() if decrypt else cipher.encryptor()
        step = BLOCK * (CRYPT + SKIP if pattern else 1)
        _each_block(made, each, step, stream)
    return bytes(made)


def _each_block(made: bytearray, where: range, step: int, stream: CipherContext) -> None:
    """One block in `step` bytes, as far as they are whole; the chain passes over those between (§9.6)."""
    count = len(range(where.start, where.stop - BLOCK + 1, step))
    # By the first bytes of all blocks, then the second: sixteen strided copies instead of thousands of short ones.
    lanes = [slice(where.start + lane, where.start + lane + step * (count - 1) + 1, step) for lane in range(BLOCK)]
    blocks = bytearray(BLOCK * count)
    if not count:
        return
    for lane, place in enumerate(lanes):
        blocks[lane::BLOCK] = made[place]
    blocks = bytearray(stream.update(bytes(blocks)))
    for lane, place in enumerate(lanes):
        made[place] = blocks[lane::BLOCK]
