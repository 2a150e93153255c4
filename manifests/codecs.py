"""RFC 6381 codec strings: what `CODECS` says of an elementary stream before a byte of it is encoded."""

from __future__ import annotations

from typing import Final

# profile_idc and the constraint flags that x264 sets with it (ISO/IEC 14496-10 §7.4.2.1.1): constraint_set1 (0x40) on
# what a Main decoder plays, constraint_set0 (0x80) on what a Baseline decoder plays.
_AVC_PROFILES: Final = {"baseline": 0x42C0, "main": 0x4D40, "high": 0x6400}

# ISO/IEC 14496-10 table A-1; level_idc is ten times the level. Level 1b is left out: nothing here is that small.
_AVC_LEVELS: Final = {
    f"{major}.{minor}": 10 * major + minor
    for major, minors in ((1, 4), (2, 3), (3, 3), (4, 3), (5, 3), (6, 3))
    for minor in range(minors)
}


def avc1(profile: str, level: str) -> str:
    """The codec string of H.264 in fMP4 with parameter sets in the sample entry (ISO/IEC 14496-15 annex E).

    `profile` is x264's name ("baseline", which x264 makes as constrained baseline; "main"; "high"), `level` as in table
    A-1 ("4.0"; "4" means the same). Raises ValueError for any other.
    """
    if profile not in _AVC_PROFILES:
        raise ValueError(f"no H.264 profile {profile!r}: one of {', '.join(_AVC_PROFILES)}")
    number = level if "." in level else f"{level}.0"
    if number not in _AVC_LEVELS:
        raise ValueError(f"no H.264 level {level!r}: one of {', '.join(_AVC_LEVELS)}")
    return f"avc1.{_AVC_PROFILES[profile]:04x}{_AVC_LEVELS[number]:02x}"


def mp4a_lc() -> str:
    """The codec string of AAC-LC: object type 0x40 (ISO/IEC 14496-3 audio), audio object type 2."""
    return "mp4a.40.2"


def hvc1(level: str) -> str:
    """The codec string of HEVC, Main profile and tier, with parameter sets in the sample entry (ISO/IEC 14496-15 annex
    E): profile 1; compatible with Main and Main 10 (the flags 0x60000000, bits reversed); the level times thirty;
    progressive pictures in frames only (0x90). `level` as in ITU-T H.265 table A.8 ("4.0"). Raises ValueError.
    """
    return f"hvc1.1.6.L{30 * _tenths(level, 'H.265') // 10}.90"


def av01(level: str) -> str:
    """The codec string of AV1, Main profile and tier, eight bits (AV1 Codec ISO Media File Format Binding §5).

    `level` as in annex A.3 of the AV1 specification ("4.0"), written as seq_level_idx. Raises ValueError.
    """
    major, minor = divmod(_tenths(level, "AV1"), 10)
    return f"av01.0.{(major - 2) * 4 + minor:02d}M.08"


def _tenths(level: str, standard: str) -> int:
    major, _, minor = level.partition(".")
    if not (major.isdecimal() and minor.isdecimal()) or int(major) < 2 or int(minor) > 3:
        raise ValueError(f"no {standard} level {level!r}")
    return 10 * int(major) + int(minor)
