"""Settings of the ways in. A port of 0 is off."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from infra.settings import read, setting

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class RtmpSettings:
    """The RTMP server."""

    host: str = setting("127.0.0.1", env="CHANNEL_RTMP_HOST", help="address that the RTMP server listens on")
    port: int = setting(1935, env="CHANNEL_RTMP_PORT", help="its port; 0: no RTMP")
    connections: int = setting(256, env="CHANNEL_RTMP_CONNECTIONS", help="connections at a time at most")
    connections_of_address: int = setting(
        64, env="CHANNEL_RTMP_CONNECTIONS_OF_ADDRESS", help="connections at a time from one address at most"
    )
    greeting: timedelta = setting(
        timedelta(seconds=10),
        env="CHANNEL_RTMP_GREETING_S",
        unit="s",
        help="time in which a connection has to name its stream key",
    )
    silence: timedelta = setting(
        timedelta(seconds=10),
        env="CHANNEL_RTMP_SILENCE_S",
        unit="s",
        help="a publisher that sends nothing for so long is gone",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings:
    """All ways in of a live process."""

    rtmp: RtmpSettings = field(default_factory=RtmpSettings)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        return read(cls, env)
