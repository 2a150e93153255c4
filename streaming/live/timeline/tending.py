"""What runs beside the live process: timelines of the events that run, in Redis as SQL has them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from infra.errors import InfraError
from streaming.live.channels.model import RUNNING

if TYPE_CHECKING:
    from streaming.live.channels.service import Channels
    from streaming.live.timeline.scte35.desk import SpliceDesk
    from streaming.live.timeline.service import Timelines

log: Final = logging.getLogger("channel.live")

_LOOK_S: Final = 5.0


async def tend_timelines(timelines: Timelines, channels: Channels, desk: SpliceDesk) -> None:
    """Until it is cancelled. Redis may have been lost, and who added a tag may have been killed on his way."""
    while True:
        try:
            for channel in await channels.list():
                if channel.state in RUNNING:
                    await timelines.tend(channel)
                    await desk.open(channel.id, channel.event)
        except InfraError as exc:
            log.warning("timelines stay as they were", extra={"cause": str(exc)})
        await asyncio.sleep(_LOOK_S)
