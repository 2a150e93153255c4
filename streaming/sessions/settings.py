"""Settings of viewing sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from infra.errors import SettingsError
from infra.settings import read, setting

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SHARDS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """How often players report, how long things are remembered."""

    secret: str = setting(
        "",
        env="CHANNEL_SESSION_SECRET",
        shown="made once and kept in $CHANNEL_HOME/session.secret",
        help="signs session ids and keys the hashes of viewers; the same in every API process; a new one forgets all "
        "resume positions",
        secret=True,
    )
    first_interval: timedelta = setting(
        timedelta(seconds=10), env="CHANNEL_HEARTBEAT_FIRST_S", unit="s", help="heartbeats in a session's first minute"
    )
    interval: timedelta = setting(
        timedelta(seconds=30), env="CHANNEL_HEARTBEAT_S", unit="s", help="heartbeats after the first minute"
    )
    batches_per_s: int = setting(
        1500,
        env="CHANNEL_HEARTBEAT_BATCHES_PER_S",
        unit="requests per second",
        help="heartbeat requests one API process takes before it asks players to report less often",
    )
    pause: timedelta = setting(
        timedelta(minutes=60),
        env="CHANNEL_SESSION_PAUSE_S",
        unit="s",
        help="how long a paused or silent session can be taken up again and stay one view",
    )
    longest: timedelta = setting(
        timedelta(hours=24), env="CHANNEL_SESSION_LONGEST_S", unit="s", help="after this a session must be made anew"
    )
    max_rate: float = setting(
        2.0, env="CHANNEL_SESSION_MAX_RATE", help="fastest believable playback, as a multiple of real time"
    )
    slack: timedelta = setting(
        timedelta(seconds=2), env="CHANNEL_SESSION_SLACK_S", unit="s", help="played time allowed beyond max_rate"
    )
    settle: timedelta = setting(
        timedelta(seconds=2),
        env="CHANNEL_SESSION_SETTLE_S",
        unit="s",
        help="how long changes of a session are collected before they go to SQL: longer means fewer ledger rows",
    )
    checkpoint: timedelta = setting(
        timedelta(minutes=5), env="CHANNEL_SESSION_CHECKPOINT_S", unit="s", help="ledger entries of a long session"
    )
    rollup_interval: timedelta = setting(
        timedelta(seconds=1), env="CHANNEL_ROLLUP_S", unit="s", help="pause between two rounds of the rollup"
    )
    resume_ttl: timedelta = setting(
        timedelta(days=180), env="CHANNEL_RESUME_KEEP_S", unit="s", help="how long resume positions are kept"
    )
    ledger_ttl: timedelta = setting(
        timedelta(days=760), env="CHANNEL_LEDGER_KEEP_S", unit="s", help="how long single sessions stay in the ledger"
    )
    shards: int = setting(
        16, env="CHANNEL_SESSION_SHARDS", help="parts that sessions are spread over in Redis; may grow, never shrink"
    )

    def __post_init__(self) -> None:
        if not 1 <= self.shards <= MAX_SHARDS:
            raise SettingsError(f"CHANNEL_SESSION_SHARDS: write a number from 1 to {MAX_SHARDS}")
        if self.interval.total_seconds() < 1:
            raise SettingsError("CHANNEL_HEARTBEAT_S: write at least 1")
        if self.first_interval.total_seconds() < 1:
            raise SettingsError("CHANNEL_HEARTBEAT_FIRST_S: write at least 1")
        if self.secret and len(self.secret) < 16:
            raise SettingsError("CHANNEL_SESSION_SECRET: write at least 16 characters, the same for every API process")

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        return read(cls, env)
