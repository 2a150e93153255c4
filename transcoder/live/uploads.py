"""From the packager to the bucket, in its own time: init section, segments, then the playlist that names them.

Whoever watches live does not wait for it. Segments go side by side, since a ladder has more of them than a slow bucket
takes one behind the other. What it does not take is tried again; if it takes nothing for long, the oldest segments are
given up, and counted.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from infra.errors import ObjectExists, ObjectStoreError
from infra.tasks import end
from manifests.media_types import IMMUTABLE
from transcoder.live.metrics import SEGMENTS_GIVEN_UP, UPLOADS_WAITING
from transcoder.live.upload_order import Order, Upload, may_begin, with_listing

if TYPE_CHECKING:
    from infra.ports import ObjectStore
    from transcoder.live.fence import Fence

log = logging.getLogger(__name__)

_AT_ONCE: Final = 12
_AGAIN_S: Final = 0.25
_LONGEST_S: Final = 5.0
_HELD: Final = 256 << 20
_LISTING_LIFETIME: Final = "public, max-age=1"


class Uploads:
    """One queue an event. At most `held` bytes wait. With a `fence` only who is active writes."""

    def __init__(self, store: ObjectStore, *, held: int = _HELD, fence: Fence | None = None) -> None:
        self._store, self._held, self._fence = store, held, fence
        self._queue: list[Upload] = []
        self._begun: dict[Upload, asyncio.Task[None]] = {}
        self._bytes = 0
        self._failing, self._pause = False, _AGAIN_S
        self._resting: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def waiting(self) -> int:
        """Objects that are not in the bucket yet."""
        return len(self._queue)

    def put(self, upload: Upload) -> None:
        before = len(self._queue)
        if upload.order is Order.LISTING:
            self._queue = with_listing(self._queue, upload, self._begun.keys())
        else:
            self._queue.append(upload)
        self._bytes = sum(len(each.body) for each in self._queue)
        while self._bytes > self._held and self._give_up():
            SEGMENTS_GIVEN_UP.inc()
        UPLOADS_WAITING.inc(len(self._queue) - before)
        self._empty.clear()
        self._begin()

    async def drained(self) -> None:
        """Wait until all is in the bucket."""
        await self._empty.wait()

    async def aclose(self) -> None:
        UPLOADS_WAITING.dec(len(self._queue))
        self._queue.clear()
        if self._resting is not None:
            self._resting.cancel()
        await end(*self._begun.values())

    def _give_up(self) -> bool:
        """The oldest segment that waits; False: there is none."""
        for place, each in enumerate(self._queue):
            if each.order is Order.SEGMENT and each not in self._begun:
                del self._queue[place]
                self._bytes -= len(each.body)
                return True
        return False

    def _begin(self) -> None:
        if self._resting is not None:
            return
        if self._fence is not None and not self._fence.held:
            self._resting = asyncio.get_running_loop().call_later(_AGAIN_S, self._rested)
            return
        # While the bucket takes nothing, one that asks again is enough.
        free = (1 if self._failing else _AT_ONCE) - len(self._begun)
        if free > 0:
            for upload in may_begin(self._queue, self._begun.keys(), free):
                self._begun[upload] = asyncio.create_task(self._upload(upload), name=f"upload of {upload.key}")

    async def _upload(self, upload: Upload) -> None:
        try:
            await self._write(upload)
        except ObjectStoreError as exc:
            del self._begun[upload]
            self._rest(upload, exc)
            return
        del self._begun[upload]
        self._failing, self._pause = False, _AGAIN_S
        self._queue.remove(upload)
        self._bytes -= len(upload.body)
        UPLOADS_WAITING.dec()
        if self._queue:
            self._begin()
        else:
            self._empty.set()

    def _rest(self, upload: Upload, why: ObjectStoreError) -> None:
        """Ask again in a while; one that fails beside others makes nobody wait longer."""
        if not self._failing:
            log.warning("the bucket takes no segments", extra={"key": upload.key, "cause": str(why)})
        self._failing = True
        if self._resting is None:
            self._resting = asyncio.get_running_loop().call_later(self._pause, self._rested)
            self._pause = min(2 * self._pause, _LONGEST_S)

    def _rested(self) -> None:
        self._resting = None
        self._begin()

    async def _write(self, upload: Upload) -> None:
        once = upload.order is not Order.LISTING
        try:
            await self._store.put(
                upload.key, upload.body, content_type=upload.media_type,
                cache_control=IMMUTABLE if once else _LISTING_LIFETIME, only_if_absent=once,
            )  # fmt: skip
        except ObjectExists:
            return  # by the packager before us, of the same bytes
