"""Common Encryption of what players fetch (ISO/IEC 23001-7): init sections and segments, protected and clear again.

Pictures and sound are encrypted sample by sample, in place. Every box that tells a time, a size or a place on the
timeline stays as the encoder wrote it, and what `clear_segment` gives is the encoder's segment to the bit: protected
segments join where clear ones do, whichever worker made them.

Initialization vectors: `cbcs` has one, constant for its key, which is a hash of the key's id. `cenc` has one a sample,
which must never come twice under a key with other bytes: whoever has both could take one from the other. Two encodes of
a segment are such other bytes. Only the first is published, but a bucket without conditional writes may show both. So
the vectors of a segment count from a keyed hash of its name and of what is encrypted: the same bytes have the same
vectors, any other bytes others (but for 3 titles of two hours in 10⁹).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING

from anyio import to_thread

from transcoder.boxes import read_boxes, read_moof
from transcoder.encryption.common_cipher import IV_SIZE, block_mode, counter_mode
from transcoder.encryption.common_fragment import SampleProtection, with_protection, without_protection
from transcoder.encryption.common_init import constant_iv, is_sound, protected_init
from transcoder.encryption.common_packager import protection_of
from transcoder.errors import OutputBroken
from transcoder.fragments import fragments_of
from transcoder.profile import Encryption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcoder.boxes import MovieFragment


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonKey:
    """A content key of 16 bytes, its id of 16 bytes, and the scheme that it is used in."""

    scheme: Encryption
    kid: bytes
    key: bytes = field(repr=False)

    @property
    def constant_iv(self) -> bytes | None:
        """That of `cbcs`."""
        return constant_iv(self.kid) if self.scheme is Encryption.CBCS else None


def protect_init(init: bytes, key: CommonKey) -> bytes:
    """Raises OutputBroken for what is no init section of one clear track."""
    return protected_init(init, kid=key.kid, iv=key.constant_iv)


async def protect_segment(init: bytes, segment: bytes, key: CommonKey, *, name: str, nice: int = 0) -> bytes:
    """A clear segment under a key. `init` is its clear init section; `name` is the segment's own, so that two of the
    same bytes do not look the same.

    Raises NotProtected, OutputBroken.
    """
    if is_sound(init):
        samples = [SampleProtection()] * sum(part.samples for part in fragments_of(segment))
    else:
        samples = await protection_of(init, segment, scheme=key.scheme, nice=nice)
    return await to_thread.run_sync(_protected, segment, samples, key, name)


def clear_segment(segment: bytes, key: CommonKey) -> bytes:
    """What `protect_segment` was given, to the bit, if it is the right key. Raises OutputBroken for what is no such
    segment."""
    iv_size, parts = IV_SIZE if key.scheme is Encryption.CENC else 0, []
    for part in fragments_of(segment):
        told = read_moof(part.body)
        end = _end_of_moof(part.body)
        moof, samples = without_protection(part.body[:end], iv_size=iv_size)
        # Sound under a constant vector: there is nothing to say of its samples.
        samples = samples or (SampleProtection(),) * len(told.samples)
        parts += [moof, _crypted(part.body[end:], told, samples, key, decrypt=True)]
    return b"".join(parts)


def _protected(segment: bytes, samples: Sequence[SampleProtection], key: CommonKey, name: str) -> bytes:
    if key.scheme is Encryption.CENC:
        samples = _counted(samples, _first_iv(key, name, segment))
    left, parts = iter(samples), []
    for part in fragments_of(segment):
        told = read_moof(part.body)
        end, of_part = _end_of_moof(part.body), tuple(islice(left, len(told.samples)))
        parts += [
            with_protection(part.body[:end], of_part), _crypted(part.body[end:], told, of_part, key, decrypt=False)
        ]  # fmt: skip
    return b"".join(parts)


def _crypted(
    mdat: bytes, told: MovieFragment, samples: Sequence[SampleProtection], key: CommonKey, *, decrypt: bool
) -> bytes:  # fmt: skip
    """An `mdat` whose samples are encrypted, or decrypted."""
    if len(samples) != len(told.samples):
        raise OutputBroken(f"a fragment of {len(told.samples)} samples that tells of {len(samples)}")
    at = len(mdat) - sum(each.size for each in told.samples)
    parts = [mdat[:at]]
    for sample, each in zip(told.samples, samples, strict=True):
        body = mdat[at : at + sample.size]
        ranges = each.ranges(sample.size)
        if key.constant_iv is None:
            parts.append(counter_mode(body, ranges, key=key.key, iv=each.iv))
        else:
            pattern = bool(each.subsamples)
            parts.append(block_mode(body, ranges, key=key.key, iv=key.constant_iv, decrypt=decrypt, pattern=pattern))
        at += sample.size
    return b"".join(parts)


def _end_of_moof(body: bytes) -> int:
    """Where the `moof` that a fragment begins with ends."""
    return next(read_boxes(body)).end


def _first_iv(key: CommonKey, name: str, segment: bytes) -> int:
    """Where the vectors of a clear segment begin to count."""
    told = hmac.digest(key.key, b"iv" + name.encode() + b"\0" + sha256(segment).digest(), "sha256")
    return int.from_bytes(told[:IV_SIZE], "big")


def _counted(samples: Sequence[SampleProtection], first: int) -> list[SampleProtection]:
    return [
        replace(each, iv=((first + place) % (1 << 8 * IV_SIZE)).to_bytes(IV_SIZE, "big"))
        for place, each in enumerate(samples)
    ]
