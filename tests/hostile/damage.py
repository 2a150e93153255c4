"""Files that are broken, by chance or with care, where decoders have had their holes (items 10, 11, 13)."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

from tests.hostile.boxes import change, put
from tests.hostile.case import DAMAGED, Case, refused
from tests.hostile.seed import CONTAINERS

if TYPE_CHECKING:
    from tests.hostile.seed import Seed

_SEEDS = (1, 2, 3, 4)
_CUTS = (10, 50, 90)
_KEY = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "00" * 16, "-encryption_kid", "11" * 16)


def _flipped(seed: Seed, container: str, number: int) -> bytes:
    """Forty bits turned over, more of them near the beginning, where headers are."""
    chance = random.Random(f"{container}{number}")
    body = bytearray(seed.clip(container))
    for _ in range(40):
        place = int(len(body) * chance.random() ** 3)
        body[place] ^= 1 << chance.randrange(8)
    return bytes(body)


def _cut(seed: Seed, container: str, percent: int) -> bytes:
    body = seed.clip(container)
    return body[: len(body) * percent // 100]


def _exotic(seed: Seed, codec: str, suffix: str) -> bytes:
    return seed.made(suffix, "-f", "lavfi", "-i", "testsrc=s=64x64:d=0.2", "-c:v", codec, "-strict", "-2")


def _protected(seed: Seed) -> bytes:
    return seed.made("mp4", "-i", seed.folder / "clip.mp4", "-c", "copy", *_KEY)


def _overflowing(seed: Seed) -> bytes:
    """Subsamples of a protected sample that add up to more than it holds (ISO/IEC 23001-7 §7)."""

    def how(payload: bytes) -> bytes:
        # version, flags, count of samples; a vector, a count of subsamples, then (clear: 16 bits, protected: 32 bits).
        return payload[:8] + b"".join(
            payload[at : at + 8] + b"\0\2" + b"\xff\xff\xff\xff\xff\xff" * 2 for at in range(8, len(payload) - 16, 16)
        )

    return change(_protected(seed), b"senc", how)


CASES = (
    *(
        Case(name=f"{codec}-in-{suffix}", item=10, make=partial(_exotic, codec=codec, suffix=suffix), expected=expected)
        for codec, suffix, expected in (
            ("magicyuv", "avi", refused("unsupported_codec")),
            ("magicyuv", "mkv", refused("unsupported_codec")),
            ("zmbv", "avi", refused("unsupported_codec")),
            ("flashsv", "flv", refused("unsupported_codec")),
            ("snow", "avi", refused("unsupported_codec")),
        )
    ),
    Case(name="cenc", item=11, make=_protected, expected=refused("encrypted")),
    Case(
        name="cenc-subsamples-overflow", item=11, make=_overflowing,
        expected=refused("encrypted", "unreadable", "truncated", "unsupported_codec"),
    ),
    Case(
        name="sample-entry-claims-no-size", item=13, expected=DAMAGED,
        make=lambda seed: change(seed.clip("mp4"), b"stsd", put(8, ">I", 0xFFFFFFFF)),
    ),
    Case(
        name="timescale-zero", item=13, opening=True, expected=DAMAGED,
        make=lambda seed: change(seed.clip("mp4"), b"mdhd", put(12, ">I", 0)),
    ),
    *(
        Case(name=f"flipped-{number}.{container}", item=13, expected=DAMAGED,
             make=partial(_flipped, container=container, number=number))
        for container in CONTAINERS
        for number in _SEEDS
    ),
    *(
        Case(name=f"cut-at-{percent}.{container}", item=13, expected=DAMAGED,
             make=partial(_cut, container=container, percent=percent))
        for container in CONTAINERS
        for percent in _CUTS
    ),
)  # fmt: skip
