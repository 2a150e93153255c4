"""What a package is made of, as values: ladder, codecs, lengths, loudness, captions, encryption.

An operator writes profiles as files (`profile_file.py`, docs/profiles.md). An asset version is made by the profile that
was its own when its upload began, however its file is edited later: a copy of it lies in the bucket (`facts.py`), and
workers read only that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Final

import msgspec

DEFAULT_NAME: Final = "default"


class Codec(StrEnum):
    """What pictures are encoded with. H.264 is always among them: it plays everywhere."""

    H264 = "h264"
    HEVC = "hevc"
    AV1 = "av1"


class Encryption(StrEnum):
    """How segments are protected: whole segments (RFC 8216 §4.3.2.4), or samples (ISO/IEC 23001-7)."""

    NONE = "none"
    AES_128 = "aes-128"
    CBCS = "cbcs"
    CENC = "cenc"

    @property
    def has_dash(self) -> bool:
        """Whether DASH can play it: it has no word for segments that are encrypted as a whole."""
        return self is not Encryption.AES_128


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A step of the ladder: a box (turned for portrait) that the upright picture is fitted into.

    `average` and `maxrate` in b/s, at up to 30 frames a second of H.264. `halved`: of 48 and more frames a second every
    second one is left out. `codecs` are those that the step is made in.
    """

    width: int
    height: int
    average: int
    maxrate: int
    crf: int
    halved: bool = False
    codecs: tuple[Codec, ...] = (Codec.H264,)

    @property
    def peak(self) -> Fraction:
        """`maxrate` over `average`."""
        return Fraction(self.maxrate, self.average)


def row(height: int, kbps: int, crf: int, *, halved: bool = False) -> Row:
    """A 16:9 step whose peak is one and a half times its average."""
    return Row(
        width=2 * round(height * 8 / 9), height=height, average=kbps * 1000, maxrate=kbps * 1500, crf=crf, halved=halved
    )


_EARLIEST: Final = 2
"""Seconds of a segment at least: shorter ones are more requests than pictures."""

LADDER: Final = (
    row(234, 145, 25, halved=True),
    row(360, 365, 24, halved=True),
    row(432, 730, 23, halved=True),
    row(540, 2000, 22),
    row(720, 3000, 22),
    row(1080, 6000, 22),
)
"""Apple's H.264 table ("HLS authoring specification", encoding targets)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`gop` and `segment` in seconds. `play_early`: what has arrived of an upload is played, in segments of one GOP
    (two seconds at least). `quality` is the VMAF that the top rung of a title's own ladder aims at. `loudness` in LUFS
    (EBU R128), None: as the source has it. `captions`: those inside the source become tracks. `key_rotation`: seconds
    that a key is used for, 0: one for all.
    """

    name: str = DEFAULT_NAME
    description: str = ""
    codecs: tuple[Codec, ...] = (Codec.H264,)
    gop: int = 2
    segment: int = 4
    play_early: bool = True
    ladder: tuple[Row, ...] = LADDER
    per_title: bool = True
    quality: float = 94.0
    loudness: float | None = -16.0
    surround: bool = True
    captions: bool = True
    encryption: Encryption = Encryption.NONE
    key_rotation: int = 0

    def early(self) -> Profile:
        """For what is played while it arrives: one GOP a segment, for its viewers wait until the first has come."""
        return replace(self, segment=self.gop * -(-_EARLIEST // self.gop))


DEFAULT: Final = Profile(description="What everybody gets who says nothing else.")


def dump(profile: Profile) -> bytes:
    return msgspec.json.encode(profile)


def load(body: bytes) -> Profile:
    """Raises msgspec.DecodeError on anything else than what `dump` wrote."""
    return msgspec.json.decode(body, type=Profile)
