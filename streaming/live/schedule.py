"""The schedule of channels: when an event begins and ends by itself. Pure, but for the round at the end.

What is due is decided in the transaction that writes it, with the row locked: however many processes look, and however
often, an event begins once. A round costs one query, so each is short after the other.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from infra.errors import InfraError
from streaming.live.channels.model import RUNNING, ended, started

if TYPE_CHECKING:
    from datetime import datetime

    from streaming.live.channels.model import Channel
    from streaming.live.channels.service import Channels

log: Final = logging.getLogger("channel.live")

LONGEST_AHEAD: Final = timedelta(days=3660)
_LOOK_S: Final = 0.5
_MISSED: Final = "The event that was scheduled is over: nothing was running that could have begun it."


def due(channel: Channel, now: datetime) -> Channel:
    """The channel as its schedule has it at a moment; what is done leaves the schedule.

    An event that runs already is not begun again. One whose end has passed too, while nobody looked, is not begun.
    """
    begins = channel.starts_at is not None and channel.starts_at <= now
    ends = channel.ends_at is not None and channel.ends_at <= now
    made = channel
    if begins:
        made = replace(made, starts_at=None)
        if made.state not in RUNNING:
            made = replace(made, trouble=_MISSED) if ends else started(made, now)
    if ends:
        made = replace(made, ends_at=None)
        if made.state in RUNNING:
            made = ended(made, now)
    return made


def fault(*, starts_at: datetime | None, ends_at: datetime | None, now: datetime) -> tuple[str, str] | None:
    """The field that cannot be, and why; None: it is a schedule."""
    for name, moment in (("starts_at", starts_at), ("ends_at", ends_at)):
        if moment is None:
            continue
        if moment <= now:
            return name, "It has passed."
        if moment > now + LONGEST_AHEAD:
            return name, "Within ten years."
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        return "ends_at", "Behind starts_at."
    return None


async def keep_schedule(channels: Channels) -> None:
    """Begin and end events when their time has come, until it is cancelled."""
    while True:
        try:
            for channel in await channels.keep_schedule():
                log.info("by its schedule", extra={"channel": channel.id, "state": channel.state.value})
        except InfraError as exc:
            log.warning("the schedule waits", extra={"cause": str(exc)})
        await asyncio.sleep(_LOOK_S)
