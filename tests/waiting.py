"""Waiting for what comes about by itself: tests have no sleeps of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PATIENCE_S: Final = 60.0


async def eventually(
    condition: Callable[[], bool | Awaitable[bool]],
    timeout: float = PATIENCE_S,  # noqa: ASYNC109
) -> None:
    """Waits until a plain or async condition holds, else TimeoutError."""
    with anyio.fail_after(timeout):
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            await anyio.sleep(0.02)
