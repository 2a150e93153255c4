"""Objects into the bucket, each of them once: whoever writes first wins, whoever comes second finds it and goes on.

Not every S3 enforces `If-None-Match`, so a write is a look, then a conditional put, by whoever has claimed the segment.
Two encodes of a segment are both valid but not byte-identical: a player must never see both under one URL.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from infra.errors import CacheUnavailable, ObjectExists
from manifests import layout, media_types
from transcoder import metrics, signals
from transcoder.encryption.protect import clear, protect

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.ports import Cache, ObjectStore
    from manifests.layout import AssetId, RenditionId
    from transcoder.encryption.content_keys import Keys
    from transcoder.plan import Plan
    from transcoder.progress import ProgressBoard

log = logging.getLogger(__name__)


async def put_once(
    store: ObjectStore, key: str, body: bytes, *, content_type: str, cache_control: str | None = None
) -> bool:
    """Write an object unless it is there already; False if it was."""
    if await store.head(key) is not None:
        return False
    try:
        await store.put(key, body, content_type=content_type, cache_control=cache_control, only_if_absent=True)
    except ObjectExists:
        return False
    return True


async def announce(cache: Cache, signal: signals.Signal) -> None:
    """Say it to those who watch this asset, and to those who watch all if the asset's state moves."""
    message = signals.dump(signal)
    try:
        await cache.publish(signals.asset_channel(signal.asset), message)
        if signal.what != "segment":
            await cache.publish(signals.EVERYTHING, message)
    except CacheUnavailable as exc:
        # A wake-up, no more: who waits also looks by himself. The encode goes on.
        log.warning("nobody could be woken", extra={"asset": signal.asset, "cause": str(exc)})


def key_of(asset: AssetId, rendition: RenditionId, number: int | None) -> str:
    """The object of a segment, or of the init section (None)."""
    if number is None:
        return layout.init(asset, rendition)
    return layout.segment(asset, rendition, number)


class Publisher:
    """The sink of one window's encode: encrypts what a child process has closed, puts it, then says so."""

    def __init__(
        self, *, plan: Plan, keys: Keys | None = None, store: ObjectStore, cache: Cache, board: ProgressBoard,
        nice: Callable[[], int] = lambda: 0,
    ) -> None:  # fmt: skip
        """`keys`: those of the plan, None if it has no protection. `nice` tells the niceness of what encrypts, whenever
        something is. Raises ValueError if plan and keys do not go together."""
        if (keys is None) != (plan.protection is None):
            raise ValueError("keys and protection of a plan come together")
        self._plan, self._keys = plan, keys
        self._store = store
        self._cache = cache
        self._board = board
        self._nice = nice
        self._inits: dict[RenditionId, bytes] = {}
        self._audio = frozenset(track.id for track in plan.audio)

    async def __call__(self, rendition: RenditionId, number: int | None, body: bytes) -> None:
        key = key_of(self._plan.asset, rendition, number)
        content_type = media_types.SEGMENT
        if number is None:
            content_type = media_types.AUDIO_INIT if rendition in self._audio else media_types.VIDEO_INIT
        if number is None:
            self._inits[rendition] = body
        body = await protect(
            self._keys, rendition, number, body, init=partial(self._init, rendition), nice=self._nice()
        )  # fmt: skip
        if await put_once(self._store, key, body, content_type=content_type, cache_control=media_types.IMMUTABLE):
            metrics.OBJECTS.inc()
            metrics.BYTES.inc(len(body))
        else:
            metrics.FOUND.inc()
        await self._board.landed(self._plan, rendition, number)
        await announce(
            self._cache,
            signals.Signal(
                what="segment", asset=self._plan.asset, version=self._plan.version, rendition=rendition, number=number
            ),
        )

    async def _init(self, rendition: RenditionId) -> bytes:
        """The clear init section, which is there before any segment: it came by, or another has published it."""
        if rendition not in self._inits:
            body = await self._store.read(key_of(self._plan.asset, rendition, None))
            self._inits[rendition] = await clear(self._keys, None, body)
        return self._inits[rendition]
