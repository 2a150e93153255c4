"""Settings of live encoding."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

from infra.errors import SettingsError
from infra.settings import read, setting
from transcoder.encoder_settings import PRESETS, EncoderSettings
from transcoder.live.event import PRESET

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHORTEST_LEASE: Final = timedelta(seconds=0.5)
_OF_A_CORE: Final = 60
"""Million pixels a second that one core encodes with the default preset, and has room to spare (docs/live.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """How live feeds are encoded, and how many."""

    preset: str = setting(PRESET, env="CHANNEL_LIVE_PRESET", help=f"x264's preset for live feeds: {', '.join(PRESETS)}")
    capacity: int = setting(
        0,
        env="CHANNEL_LIVE_CAPACITY",
        unit="million pixels a second",
        shown=f"{_OF_A_CORE} for each core",
        help="encoded by all feeds of a live process together; a feed that does not fit is refused, for it would make "
        "the others late",
    )
    lease: timedelta = setting(
        timedelta(seconds=2),
        env="CHANNEL_LIVE_LEASE_S",
        unit="s",
        help="a live process of which Redis has heard nothing for so long is taken for dead, and one that stands by "
        "takes over",
    )
    metrics_host: str = setting(
        "127.0.0.1", env="CHANNEL_LIVE_METRICS_HOST", help="address of the live process's metrics"
    )
    metrics_port: int = setting(
        0, env="CHANNEL_LIVE_METRICS_PORT", help="port of the live process's metrics (Prometheus); 0: none are served"
    )

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise SettingsError(f"CHANNEL_LIVE_PRESET: x264 has no preset {self.preset!r}, write one of {PRESETS}")
        if self.lease < _SHORTEST_LEASE:
            raise SettingsError("CHANNEL_LIVE_LEASE_S: write 0.5 or more")
        if self.capacity < 0:
            raise SettingsError("CHANNEL_LIVE_CAPACITY: write 1 or more")
        if self.capacity == 0:
            object.__setattr__(self, "capacity", _OF_A_CORE * (os.cpu_count() or 1))

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        return read(cls, env)

    def encoder(self, settings: EncoderSettings) -> EncoderSettings:
        """The encoders of files, as those of feeds are."""
        return replace(settings, preset=self.preset)
