"""Settings of the uploads; they are part of the service's settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from infra.errors import SettingsError
from infra.settings import setting
from streaming.upload.model import SMALLEST_PART


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadSettings:
    """What uploads may take, and how long one waits for whom."""

    max_bytes: int = setting(
        256 << 30, env="CHANNEL_UPLOAD_MAX_BYTES", unit="bytes", help="largest file that is taken (Tus-Max-Size)"
    )
    part_bytes: int = setting(
        8 << 20,
        env="CHANNEL_UPLOAD_PART_BYTES",
        unit="bytes",
        help="size of a piece or S3 part, at least 5 MiB: what one upload holds in memory, the most that a crash loses",
    )
    expires: timedelta = setting(
        timedelta(hours=48),
        env="CHANNEL_UPLOAD_EXPIRES_S",
        unit="s",
        help="an unfinished upload is thrown away this long after its last byte",
    )
    idle: timedelta = setting(
        timedelta(seconds=60),
        env="CHANNEL_UPLOAD_IDLE_S",
        unit="s",
        help="a request body that is silent for this long is ended; what has arrived is kept",
    )
    lease: timedelta = setting(
        timedelta(seconds=3),
        env="CHANNEL_UPLOAD_LEASE_S",
        unit="s",
        help="the writer of an upload whose process died is out of the way after this long",
    )
    patience: timedelta = setting(
        timedelta(seconds=5),
        env="CHANNEL_UPLOAD_PATIENCE_S",
        unit="s",
        help="how long a second writer waits for the first before it gets 423; longer than CHANNEL_UPLOAD_LEASE_S",
    )
    stall: timedelta = setting(
        timedelta(seconds=1),
        env="CHANNEL_UPLOAD_STALL_S",
        unit="s",
        help="a writer that got no byte for this long gives way to another that asks",
    )
    remembered: timedelta = setting(
        timedelta(days=30),
        env="CHANNEL_UPLOAD_REMEMBERED_S",
        unit="s",
        help="how long an upload that is over still answers with its end, or with 410",
    )

    def __post_init__(self) -> None:
        if self.part_bytes < SMALLEST_PART:
            raise SettingsError(f"CHANNEL_UPLOAD_PART_BYTES: {self.part_bytes} is less than S3's {SMALLEST_PART}")
        if self.patience <= self.lease:
            raise SettingsError("CHANNEL_UPLOAD_PATIENCE_S must be longer than CHANNEL_UPLOAD_LEASE_S")
