"""Settings of the worker; what every process needs is in `infra.settings.InfraSettings`."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

from infra.errors import SettingsError
from infra.settings import read, setting
from transcoder.encryption.settings import EncryptionSettings
from transcoder.source_limits import SourceLimits

if TYPE_CHECKING:
    from collections.abc import Mapping


def _half_the_cores() -> int:
    return max(1, (os.cpu_count() or 1) // 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscoderSettings:
    """What a worker takes on, and where it keeps sources."""

    bulk_slots: int = setting(
        0,
        env="CHANNEL_WORKER_SLOTS",
        shown="half of the cores",
        help="windows and sources worked on at a time (every ffmpeg uses several cores)",
    )
    first_slots: int = setting(
        1,
        env="CHANNEL_WORKER_FIRST_SLOTS",
        help="slots kept free for the segments of new assets that follow the very first",
    )
    index_slots: int = setting(
        2,
        env="CHANNEL_WORKER_INDEX_SLOTS",
        help="slots kept free for what is short and waited for: the index, the very first segments, and the finish",
    )
    urgent_slots: int = setting(
        4, env="CHANNEL_WORKER_URGENT_SLOTS", help="slots kept free for what a viewer waits for"
    )
    arriving_slots: int = setting(
        4,
        env="CHANNEL_WORKER_ARRIVING_SLOTS",
        help="uploads followed at a time while their bytes come (such a task lives long and mostly waits)",
    )
    ahead: int = setting(
        3, env="CHANNEL_WORKER_AHEAD", unit="segments", help="made from the one that a viewer waits for on, in his rung"
    )
    max_tries: int = setting(
        5, env="CHANNEL_WORKER_TRIES", help="failures of a task that fail its asset, and half of the deaths of workers"
    )
    lease: timedelta = setting(
        timedelta(seconds=10),
        env="CHANNEL_WORKER_LEASE_S",
        unit="s",
        help="how long a dead worker's tasks stay reserved for it; renewed while it works on them",
    )
    bulk_nice: int = setting(10, env="CHANNEL_WORKER_NICE", help="niceness of encodes that nobody waits for (0–19)")
    source_folder: Path | None = setting(
        None,
        env="CHANNEL_SOURCE_CACHE",
        shown="$CHANNEL_HOME/sources",
        help="folder where sources lie while they are encoded; workers of one machine may share it",
    )
    source_bytes: int = setting(
        50 * 1024**3, env="CHANNEL_SOURCE_CACHE_BYTES", unit="bytes", help="sources kept on the disk, at most"
    )
    source_reserve_bytes: int = setting(
        256 * 1024**2, env="CHANNEL_SOURCE_CACHE_RESERVE_BYTES", unit="bytes", help="disk space that is left free"
    )

    metrics_host: str = setting(
        "127.0.0.1", env="CHANNEL_WORKER_METRICS_HOST", help="address that the worker's metrics are served on"
    )
    metrics_port: int = setting(
        0, env="CHANNEL_WORKER_METRICS_PORT", help="port of the worker's metrics (Prometheus); 0: none are served"
    )

    source: SourceLimits = field(default_factory=SourceLimits)
    encryption: EncryptionSettings = field(default_factory=EncryptionSettings)

    def __post_init__(self) -> None:
        if self.bulk_slots == 0:
            object.__setattr__(self, "bulk_slots", _half_the_cores())
        for env, value, least in (
            ("CHANNEL_WORKER_SLOTS", self.bulk_slots, 1),
            ("CHANNEL_WORKER_FIRST_SLOTS", self.first_slots, 1),
            ("CHANNEL_WORKER_INDEX_SLOTS", self.index_slots, 1),
            ("CHANNEL_WORKER_URGENT_SLOTS", self.urgent_slots, 1),
            ("CHANNEL_WORKER_ARRIVING_SLOTS", self.arriving_slots, 1),
            ("CHANNEL_WORKER_AHEAD", self.ahead, 1),
            ("CHANNEL_WORKER_TRIES", self.max_tries, 1),
            ("CHANNEL_WORKER_LEASE_S", self.lease.total_seconds(), 1),
            ("CHANNEL_WORKER_NICE", self.bulk_nice, 0),
            ("CHANNEL_WORKER_METRICS_PORT", self.metrics_port, 0),
            ("CHANNEL_SOURCE_CACHE_BYTES", self.source_bytes, 0),
            ("CHANNEL_SOURCE_CACHE_RESERVE_BYTES", self.source_reserve_bytes, 0),
        ):
            if value < least:
                raise SettingsError(f"{env}: {value:g} is too small, write {least} or more")

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        return read(cls, env)
