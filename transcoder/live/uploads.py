"""From the packager to the bucket: init section, whole segments, playlist, in that order, in its own time.

Whoever watches live does not wait for it. What the bucket does not take is tried again; if it takes nothing for long,
the oldest segments are given up, and counted.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from infra.errors import ObjectExists, ObjectStoreError
from infra.tasks import end
from manifests import media_types
from manifests.media_types import IMMUTABLE
from transcoder.live.metrics import SEGMENTS_GIVEN_UP, UPLOADS_WAITING

if TYPE_CHECKING:
    from infra.ports import ObjectStore

log = logging.getLogger(__name__)

_AGAIN_S: Final = 0.25
_LONGEST_S: Final = 5.0
_HELD: Final = 256 << 20
_PLAYLIST_LIFETIME: Final = "public, max-age=1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One object. `once`: its key is never used for other bytes; a playlist is written again and again."""

    key: str
    body: bytes
    media_type: str
    once: bool = True


class Uploads:
    """One queue, so that the order holds. At most `held` bytes wait."""

    def __init__(self, store: ObjectStore, *, held: int = _HELD) -> None:
        self._store, self._held = store, held
        self._queue: deque[Upload] = deque()
        self._bytes = 0
        self._filled, self._empty = asyncio.Event(), asyncio.Event()
        self._empty.set()
        self._running = asyncio.create_task(self._run())

    def put(self, upload: Upload) -> None:
        if not upload.once:
            # A later playlist says all that an earlier one does, and stands behind every segment it names.
            self._keep([each for each in self._queue if each.key != upload.key])
        self._queue.append(upload)
        self._bytes += len(upload.body)
        while self._bytes > self._held:
            lost = next(each for each in self._queue if each.media_type == media_types.SEGMENT)
            self._keep([each for each in self._queue if each is not lost])
            SEGMENTS_GIVEN_UP.inc()
        UPLOADS_WAITING.set(len(self._queue))
        self._filled.set()
        self._empty.clear()

    async def drained(self) -> None:
        """Wait until all is in the bucket."""
        await self._empty.wait()

    async def aclose(self) -> None:
        await end(self._running)

    def _keep(self, kept: list[Upload]) -> None:
        self._queue = deque(kept)
        self._bytes = sum(len(each.body) for each in kept)

    async def _run(self) -> None:
        pause = _AGAIN_S
        while True:
            if not self._queue:
                self._empty.set()
                self._filled.clear()
                await self._filled.wait()
            upload = self._queue[0]
            try:
                await self._write(upload)
            except ObjectStoreError as exc:
                if pause == _AGAIN_S:
                    log.warning("the bucket takes no segments", extra={"key": upload.key, "cause": str(exc)})
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_S)
                continue
            pause = _AGAIN_S
            self._keep([each for each in self._queue if each is not upload])
            UPLOADS_WAITING.set(len(self._queue))

    async def _write(self, upload: Upload) -> None:
        try:
            await self._store.put(
                upload.key, upload.body, content_type=upload.media_type,
                cache_control=IMMUTABLE if upload.once else _PLAYLIST_LIFETIME, only_if_absent=upload.once,
            )  # fmt: skip
        except ObjectExists:
            return  # by the packager before us, of the same bytes
