"""Ending asyncio tasks that run beside something."""

from __future__ import annotations

import asyncio
from typing import Any, Final

_AGAIN_S: Final = 0.5


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they have ended; what they raised is of no interest any more.

    Asked again every half second: a cancellation is lost where it meets a library's own time-out, or somebody who waits
    for another cancelled task. Whoever waits here and is cancelled himself leaves at once, and knows it.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN_S)
    for task in tasks:
        if not task.cancelled():
            task.exception()
