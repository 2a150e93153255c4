"""Ending asyncio tasks that run beside something."""

from __future__ import annotations

import asyncio
from typing import Any, Final

_AGAIN_S: Final = 0.5


async def end(*tasks: asyncio.Future[Any], again_s: float = _AGAIN_S) -> None:
    """Cancel tasks and wait until they have ended; what they raised is of no interest any more.

    Asked again every `again_s`, because a cancellation gets lost where another exception of the clean-up takes its
    place (a client library that closes its connection), and where it meets somebody who waits for another cancelled
    task. Seen on a loaded machine: the renewal of a lease went on, and the encode that had made its last segment
    waited for it for ever. Whoever waits here and is cancelled himself leaves at once, and knows it; the tasks are
    asked on behind him until they end.
    """
    for task in tasks:
        _insist(task, again_s)
    while left := [task for task in tasks if not task.done()]:
        await asyncio.wait(left)
    for task in tasks:
        _take(task)


def _insist(task: asyncio.Future[Any], again_s: float) -> None:
    """Cancel it now, and again until it has ended: by a timer, which nobody's cancellation stops."""
    if task.done():
        return
    loop = task.get_loop()

    again: asyncio.TimerHandle

    def ask() -> None:
        nonlocal again
        task.cancel()
        again = loop.call_later(again_s, ask)

    def ended(task: asyncio.Future[Any]) -> None:
        again.cancel()
        _take(task)

    ask()
    task.add_done_callback(ended)


def _take(task: asyncio.Future[Any]) -> None:
    """Look at what it raised: else that is logged as something that nobody looked at."""
    if not task.cancelled():
        task.exception()
