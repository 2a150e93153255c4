"""From the packager to the bucket, in its own time: init section, segments, then the playlist that names them.

Whoever watches live does not wait for it. Segments go side by side, since a ladder has more of them than a slow bucket
takes one behind the other. What it does not take is tried again, whatever it answered; if it takes nothing for long,
the oldest segments are given up, and counted. Each try is one request (the store is made so): two that try again, one
inside the other, would ask a bucket that is down four times as often, and hold a thread for a minute.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from infra.errors import ObjectExists
from infra.tasks import end
from manifests.media_types import IMMUTABLE
from transcoder.live.metrics import SEGMENTS_GIVEN_UP, UPLOADS_WAITING
from transcoder.live.upload_order import Order, Upload, may_begin, with_listing
from transcoder.live.upload_pace import UploadPace
from transcoder.live.upload_trouble import UploadTrouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.ports import ObjectStore
    from transcoder.live.fence import Fence

_UNFENCED_S: Final = 0.25
_ONE_AGAIN_S: Final = 0.25
_HELD: Final = 256 << 20
_LISTING_LIFETIME: Final = "public, max-age=1"


class Uploads:
    """One queue an event. At most `held` bytes wait. With a `fence` only who is active writes. `lost` hears of each
    segment that is given up."""

    def __init__(
        self, store: ObjectStore, *, held: int = _HELD, fence: Fence | None = None,
        lost: Callable[[Upload], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._store, self._held, self._fence, self._lost = store, held, fence, lost
        self._queue: list[Upload] = []
        self._begun: dict[Upload, asyncio.Task[None]] = {}
        self._later: dict[Upload, asyncio.TimerHandle] = {}
        self._bytes = 0
        self._pace, self._trouble = UploadPace(), UploadTrouble()
        self._resting: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def trouble(self) -> str:
        """Why the bucket takes nothing, in a sentence; "": it does."""
        return self._trouble.sentence if self._pace.takes_nothing else ""

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
        for again in self._later.values():
            again.cancel()
        await end(*self._begun.values())

    def _give_up(self) -> bool:
        """The oldest segment that waits; False: there is none."""
        for place, each in enumerate(self._queue):
            if each.order is Order.SEGMENT and each not in self._begun:
                del self._queue[place]
                if each in self._later:
                    self._later.pop(each).cancel()
                self._bytes -= len(each.body)
                self._trouble.given_up(each.key)
                self._lost(each)
                return True
        return False

    def _begin(self) -> None:
        if self._resting is not None:
            return
        if self._fence is not None and not self._fence.held:
            self._resting = asyncio.get_running_loop().call_later(_UNFENCED_S, self._rested)
            return
        busy = self._begun.keys() | self._later.keys()
        if len(busy) < self._pace.width:
            for upload in may_begin(self._queue, busy, self._pace.width - len(busy)):
                self._begun[upload] = asyncio.create_task(self._upload(upload), name=f"upload of {upload.key}")

    async def _upload(self, upload: Upload) -> None:
        try:
            await self._write(upload)
        except Exception as exc:  # whatever it was: what stays behind here would hold up all that names it
            del self._begun[upload]
            self._refused(upload, exc)
            return
        del self._begun[upload]
        self._pace.taken()
        self._trouble.taken()
        self._queue.remove(upload)
        upload.done()
        self._bytes -= len(upload.body)
        UPLOADS_WAITING.dec()
        if self._queue:
            self._begin()
        else:
            self._empty.set()

    def _refused(self, upload: Upload, cause: Exception) -> None:
        self._pace.refused()
        self._trouble.refused(upload.key, cause)
        later = asyncio.get_running_loop().call_later
        if not self._pace.takes_nothing:  # the others go on
            self._later[upload] = later(_ONE_AGAIN_S, self._rested, upload)
        elif self._resting is None:
            self._resting = later(self._pace.rest(), self._rested)
        self._begin()

    def _rested(self, upload: Upload | None = None) -> None:
        if upload is None:
            self._resting = None
        else:
            self._later.pop(upload, None)
        self._begin()

    async def _write(self, upload: Upload) -> None:
        once = upload.order is not Order.LISTING
        try:
            await self._store.put(
                upload.key, upload.content(), content_type=upload.media_type,
                cache_control=IMMUTABLE if once else _LISTING_LIFETIME, only_if_absent=once,
            )  # fmt: skip
        except ObjectExists:
            return  # by the packager before us, of the same bytes
