"""Which slate an event has: the built-in one first, then one of the channel's own picture, if it has one.

A slate is there as soon as one can be: no bucket is waited for, and no large picture. What cannot be read or encoded is
tried again, ever more rarely, while what is there is shown. Each part of a slate begins with a key picture and all have
the same init sections, so another one may follow at any part.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from infra.errors import ObjectStoreError
from transcoder.errors import OutputBroken, SandboxError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from transcoder.live.event import LiveEvent
    from transcoder.live.slate import Slate

    Make = Callable[[LiveEvent, bytes | None], Awaitable[Slate]]

log = logging.getLogger(__name__)

_AGAIN_S: Final = 2.0
_RAREST_S: Final = 60.0


class Slating:
    """`make` encodes the built-in slate, or one of a picture; it may raise SandboxError, OutputBroken. `read` gives the
    picture of a name; it may raise ObjectStoreError. `made` is told of each slate that is to be shown from now on."""

    def __init__(
        self, event: LiveEvent, wanted: str, *, make: Make, read: Callable[[str], Awaitable[bytes]],
        made: Callable[[Slate], None],
    ) -> None:  # fmt: skip
        self._event, self._wanted, self._make, self._read, self._tell = event, wanted, make, read, made
        self._shown: str | None = None
        self._changed = asyncio.Event()

    def want(self, name: str) -> None:
        """Show the picture of this name; "": the built-in slate."""
        if name != self._wanted:
            self._wanted = name
            self._changed.set()

    def known(self, name: str) -> None:
        """There is a slate already, of this picture."""
        self._shown = name

    async def run(self) -> None:
        """Until cancelled."""
        failures = 0
        while True:
            self._changed.clear()
            wanted = "" if self._shown is None else self._wanted
            if await self._show(wanted):
                failures, pause_s = 0, None if wanted == self._wanted else 0.0
            else:
                failures, pause_s = failures + 1, min(_AGAIN_S * 2**failures, _RAREST_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._changed.wait()
                    failures = 0

    async def _show(self, wanted: str) -> bool:
        """Whether it is what is shown now."""
        if self._shown == wanted:
            return True
        try:
            made = await self._make(self._event, await self._read(wanted) if wanted else None)
        except (ObjectStoreError, SandboxError, OutputBroken) as exc:
            log.warning("no slate was made", extra={"channel": self._event.channel, "cause": repr(exc)})
            return False
        self._shown = wanted
        self._tell(replace(made, picture=wanted))
        return True
