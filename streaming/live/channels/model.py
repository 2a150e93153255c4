"""A channel: a place that live events are published to, one after the other, and the life of its event. Pure."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from manifests.layout import AssetId, ChannelId

if TYPE_CHECKING:
    from collections.abc import Mapping


class ChannelState(StrEnum):
    """idle → waiting → live ⇄ interrupted → ended → waiting …

    `waiting`: an event was started, and nobody publishes yet. `interrupted`: its publisher is gone and may come again.
    `ended`: what was shown stays to be seen; the next start begins another event.
    """

    IDLE = "idle"
    WAITING = "waiting"
    LIVE = "live"
    INTERRUPTED = "interrupted"
    ENDED = "ended"

    @property
    def following(self) -> frozenset[ChannelState]:
        """The states that may come next."""
        return _STEPS[self]


_STEPS: Final[Mapping[ChannelState, frozenset[ChannelState]]] = {
    ChannelState.IDLE: frozenset({ChannelState.WAITING}),
    ChannelState.WAITING: frozenset({ChannelState.LIVE, ChannelState.ENDED}),
    ChannelState.LIVE: frozenset({ChannelState.INTERRUPTED, ChannelState.ENDED}),
    ChannelState.INTERRUPTED: frozenset({ChannelState.LIVE, ChannelState.ENDED}),
    ChannelState.ENDED: frozenset({ChannelState.WAITING}),
}

RUNNING: Final = frozenset({ChannelState.WAITING, ChannelState.LIVE, ChannelState.INTERRUPTED})
"""States in which publishers are let in."""

LATENCIES: Final = ("low", "relaxed")
"""Parts of about a third of a second, or twice that."""

SHORTEST_WINDOW: Final = timedelta(seconds=30)
LONGEST_WINDOW: Final = timedelta(hours=24)
DVR: Final = timedelta(hours=4)
TITLE: Final = 200
"""Characters of a title at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """`event` counts its events, 0 before the first. `dvr`: how far back viewers may go. `public`: everybody may watch,
    not only editors. `profile` names the ladder. `trouble`: why the last publisher was turned away or lost.
    `starts_at`, `ends_at`: when an event begins and ends by itself; None once that is done. `record`: events become
    assets when they end; `recording` is the one of its last event, if there is one, and `published` whether everybody
    may watch that. `slate` names a picture of its own (layout.slate); "": the built-in one."""

    id: ChannelId
    title: str
    state: ChannelState
    event: int
    profile: str
    latency: str
    dvr: timedelta
    public: bool
    trouble: str
    created_by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    record: bool = True
    recording: AssetId | None = None
    published: bool = False
    slate: str = ""

    @property
    def long_parts(self) -> bool:
        return self.latency == "relaxed"


def started(channel: Channel, at: datetime) -> Channel:
    """It with its next event begun."""
    return replace(
        channel, state=ChannelState.WAITING, event=channel.event + 1, trouble="", started_at=at, ended_at=None,
        recording=None, published=False,
    )  # fmt: skip


def ended(channel: Channel, at: datetime) -> Channel:
    """It with its event at an end. When that should have ended by itself is forgotten, unless it is of a next one."""
    ends_at = channel.ends_at if channel.starts_at is not None else None
    return replace(channel, state=ChannelState.ENDED, ended_at=at, ends_at=ends_at)


def new_channel_id() -> ChannelId:
    return ChannelId(secrets.token_hex(6))
