"""Settings of the ways in. A port of 0 is off."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

from infra.errors import SettingsError
from infra.settings import read, setting
from streaming.sessions.identity import keep_secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_SECRET: Final = 32


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
class SrtSettings:
    """SRT: a listener for each stream key that may be used."""

    host: str = setting("127.0.0.1", env="CHANNEL_SRT_HOST", help="address that SRT is listened to on")
    ports: str = setting(
        "10080-10099", env="CHANNEL_SRT_PORTS", help="UDP ports for SRT, one a stream key, as FIRST-LAST; off: no SRT"
    )
    latency: timedelta = setting(
        timedelta(milliseconds=120),
        env="CHANNEL_SRT_LATENCY_S",
        unit="s",
        help="how long SRT waits for packets that were lost; the larger one of both sides counts",
    )

    def __post_init__(self) -> None:
        _ = self.pool

    @property
    def pool(self) -> range:
        """The ports. Raises SettingsError."""
        if self.ports == "off":
            return range(0)
        first, _, last = self.ports.partition("-")
        if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
            raise SettingsError(f"CHANNEL_SRT_PORTS: {self.ports!r} is not like 10080-10099")
        if not 0 < int(first) <= int(last) < 65536:
            raise SettingsError(f"CHANNEL_SRT_PORTS: {self.ports!r} is not a range of ports (1 to 65535)")
        return range(int(first), int(last) + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpIngestSettings:
    """Publishing by HTTP: CMAF tracks, HLS and DASH objects."""

    host: str = setting("127.0.0.1", env="CHANNEL_INGEST_HOST", help="address that publishing by HTTP listens on")
    port: int = setting(8935, env="CHANNEL_INGEST_PORT", help="its port; 0: no publishing by HTTP")
    connections: int = setting(512, env="CHANNEL_INGEST_CONNECTIONS", help="connections at a time at most")
    connections_of_address: int = setting(
        128, env="CHANNEL_INGEST_CONNECTIONS_OF_ADDRESS", help="connections at a time from one address at most"
    )
    greeting: timedelta = setting(
        timedelta(seconds=10),
        env="CHANNEL_INGEST_GREETING_S",
        unit="s",
        help="time in which the head of a request has to come",
    )
    silence: timedelta = setting(
        timedelta(seconds=12),
        env="CHANNEL_INGEST_SILENCE_S",
        unit="s",
        help="a publisher by HTTP that sends nothing for so long is gone: longer than the segments that are pushed",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings:
    """All ways in of a live process."""

    rtmp: RtmpSettings = field(default_factory=RtmpSettings)
    srt: SrtSettings = field(default_factory=SrtSettings)
    http: HttpIngestSettings = field(default_factory=HttpIngestSettings)
    secret: str = setting(
        "",
        env="CHANNEL_INGEST_SECRET",
        shown="a random one, kept in $CHANNEL_HOME/ingest.secret",
        help="SRT passphrases are worked out from it; the same for all processes, at least 32 characters",
        secret=True,
    )

    def __post_init__(self) -> None:
        if self.secret and len(self.secret) < _SECRET:
            raise SettingsError(f"CHANNEL_INGEST_SECRET: give at least {_SECRET} characters")

    public_host: str = setting(
        "",
        env="CHANNEL_INGEST_PUBLIC_HOST",
        shown="that of CHANNEL_PUBLIC_URL, or of the request",
        help="the host by which publishers reach the live process, in the addresses that they are told",
    )

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        return read(cls, env)

    def pepper(self, home: Path) -> bytes:
        """What SRT passphrases are worked out from; made once in `home` where none is set."""
        return self.secret.encode() or keep_secret(home / "ingest.secret")
