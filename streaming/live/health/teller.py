"""Once a second, how every channel is that runs in this process: to Redis, where it is gone if nobody writes it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from infra.errors import CacheUnavailable
from streaming.live.health.report import KEPT, Report, dump
from streaming.live.health.warnings import of_the_air, of_the_bucket, of_the_door, warnings
from transcoder.live.board import health_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from infra.ports import Cache
    from streaming.live.show import Show

log: Final = logging.getLogger("channel.live")

_EACH_S: Final = 1.0


def report_of(show: Show, *, now: int) -> Report:
    """How a channel is; `now` in ms since the epoch."""
    broadcast = show.broadcast
    waiting, lost_s, trouble = 0, 0.0, ""
    if broadcast is not None:
        waiting, lost_s, trouble = broadcast.uploads_waiting, broadcast.lost_s, broadcast.bucket_trouble
    looks = [feed.gauge.look(now) for _, feed in sorted(show.feeds.items(), reverse=True)]
    return Report(
        on_air=show.on_air,
        uploads_waiting=waiting,
        lost_s=lost_s,
        trouble=trouble,
        last_error=show.last_error or None,
        publishers=tuple(health for health, _, _ in looks),
        warnings=(
            *of_the_air(show.on_air),
            *of_the_door(show.shows.door.lately(show.channel.id, publishers=len(show.feeds))),
            *of_the_bucket(trouble, waiting=waiting, lost_s=lost_s),
            *(text for health, lately, silent_s in looks for text in warnings(health, lately, silent_s=silent_s)),
        ),
    )


async def tell_health(shows: Callable[[], Iterable[Show]], *, cache: Cache, clock: Callable[[], int]) -> None:
    """Until it is cancelled."""
    while True:
        await asyncio.sleep(_EACH_S)
        for show in list(shows()):
            try:
                body = dump(report_of(show, now=clock()))
                await cache.put(health_key(show.channel.id), body, ttl=KEPT)
            except CacheUnavailable:
                continue  # what Redis had is gone by itself before long
            except Exception:
                log.exception("the health of %s is not told", show.channel.id)
