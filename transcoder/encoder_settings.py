"""Settings of the encoders."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from infra.errors import SettingsError
from infra.settings import read, setting
from transcoder.sandbox import Limits
from transcoder.source_limits import MAX_PIXELS

if TYPE_CHECKING:
    from collections.abc import Mapping

# Not ultrafast: x264 drops to the Baseline profile with it, and CODECS would be wrong (Apple 9.1).
PRESETS: Final = ("superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")

EFFORT: Final = "trellis=1:rc-lookahead=20"
"""x264's options for a rung that may cost more than the preset "veryfast" would: what the next slower preset has, less
what gains little for its CPU time (finer motion vectors) and what stands in the headers (more reference pictures)."""
_PRESET_OF_EFFORT: Final = "veryfast"


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSettings:
    """How one encoder process works, and what it may use."""

    preset: str = setting(
        "veryfast", env="CHANNEL_X264_PRESET", help=f"x264's trade of speed for bits: {', '.join(PRESETS)}"
    )
    threads: int = setting(0, env="CHANNEL_FFMPEG_THREADS", help="threads of each decoder and encoder; 0: by the cores")
    wall_s: float = setting(
        300.0, env="CHANNEL_ENCODE_WALL_S", unit="s", help="an encode that makes no segment for so long is killed"
    )
    memory_bytes: int = setting(
        3 * 1024**3, env="CHANNEL_ENCODE_MEMORY_BYTES", unit="bytes", help="memory that one encoder process may use"
    )
    max_pixels: int = setting(
        MAX_PIXELS, env="CHANNEL_MAX_PIXELS", unit="pixels", help="pictures larger than this are not decoded"
    )

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise SettingsError(f"CHANNEL_X264_PRESET: x264 has no preset {self.preset!r}, write one of {PRESETS}")
        for env, value, least in (
            ("CHANNEL_FFMPEG_THREADS", self.threads, 0),
            ("CHANNEL_ENCODE_WALL_S", self.wall_s, 1),
            ("CHANNEL_ENCODE_MEMORY_BYTES", self.memory_bytes, 256 * 1024**2),
            ("CHANNEL_MAX_PIXELS", self.max_pixels, 1),
        ):
            if value < least:
                raise SettingsError(f"{env}: {value:g} is too small, write {least} or more")

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        return read(cls, env)

    @property
    def has_effort(self) -> bool:
        """Whether `EFFORT` adds to the preset, as measured; slower presets have it, or better, already."""
        return self.preset == _PRESET_OF_EFFORT

    @property
    def limits(self) -> Limits:
        """CPU time is bounded by what all cores can do within the wall clock."""
        cores = os.cpu_count() or 1
        return Limits(wall_s=self.wall_s, cpu_s=int(self.wall_s * cores) + 1, memory_bytes=self.memory_bytes)
