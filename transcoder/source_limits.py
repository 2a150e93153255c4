"""What a source may ask of us, and how it is refused: in words that tell an editor what to do."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, Self

from infra.errors import SettingsError
from infra.settings import read, setting
from transcoder.errors import SourceRefused
from transcoder.failures import MESSAGES
from transcoder.sandbox import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_PIXELS: Final = 8192 * 4352
"""The largest picture of H.264 (ITU-T H.264 table A-1, level 6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLimits:
    """A file beyond one of these is refused by name of the limit. Durations are whole seconds."""

    max_pixels: int = setting(
        MAX_PIXELS,
        env="CHANNEL_MAX_PIXELS",
        unit="pixels",
        help="pictures larger than this are not decoded; the default is 8192×4352, the largest of H.264",
    )
    max_streams: int = setting(64, env="CHANNEL_SOURCE_MAX_STREAMS", help="streams of any kind in one source")
    max_frames: int = setting(
        24 * 3600 * 60,
        env="CHANNEL_SOURCE_MAX_FRAMES",
        help="pictures in a source; the default is a day at 60 a second",
    )
    max_packets: int = setting(
        24 * 3600 * 400, env="CHANNEL_SOURCE_MAX_PACKETS", help="packets of all streams of a source"
    )
    max_duration: int = setting(24 * 3600, env="CHANNEL_SOURCE_MAX_DURATION_S", unit="s", help="duration of a source")
    max_gap: int = setting(
        3600,
        env="CHANNEL_SOURCE_MAX_GAP_S",
        unit="s",
        help="between two pictures, and between the starts of two streams; more is a broken clock",
    )
    wall_s: float = setting(
        180.0, env="CHANNEL_INDEX_WALL_S", unit="s", help="an index that takes longer is tried again"
    )
    cpu_s: int = setting(120, env="CHANNEL_INDEX_CPU_S", unit="s", help="of CPU that an index may take")
    memory_bytes: int = setting(
        3 * 1024**3 // 2, env="CHANNEL_INDEX_MEMORY_BYTES", unit="bytes", help="of memory that an index may take"
    )

    def __post_init__(self) -> None:
        for item in fields(self):
            if getattr(self, item.name) <= 0:
                raise SettingsError(f"{item.metadata['env']}: write more than 0")

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises SettingsError."""
        return read(cls, env)

    @property
    def child(self) -> Limits:
        """Of the process that reads a source."""
        return Limits(wall_s=self.wall_s, cpu_s=self.cpu_s, memory_bytes=self.memory_bytes)


def refusal(code: str, limits: SourceLimits, cause: str = "", *, codec: str = "") -> SourceRefused:
    """The refusal `code` in words for an editor. `codec`: what cannot be decoded, where that is why."""
    names = {
        name: getattr(limits, name) for name in ("max_pixels", "max_streams", "max_frames", "max_duration", "max_gap")
    }
    return SourceRefused(code, MESSAGES[code].format(**names, codec=codec or "unknown"), cause=cause)
