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
    waited for it for ever. Whoever waits here and is cancelled himself leaves at once, and knows it.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=again_s)
    for task in tasks:
        if not task.cancelled():
            task.exception()
