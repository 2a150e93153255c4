"""An asset's progress as events: its state and how much of it is encoded, until nothing more happens by itself."""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

import anyio
import msgspec

from infra.errors import CacheUnavailable, InfraError
from infra.tasks import end
from streaming.catalog.errors import AssetNotFound, NotPublished
from streaming.catalog.lifecycle import changes_channel
from streaming.catalog.model import SETTLED, AssetState, EditorialState
from streaming.catalog.policy import check_visible, sees_all
from streaming.catalog.views import FailureView, failure_view
from streaming.http.event_stream import HEARTBEAT, Event, retry
from streaming.http.problem import Unauthorized
from transcoder.signals import asset_channel

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

    from infra.ports import Cache
    from manifests.layout import AssetId
    from streaming.catalog.service import Catalogue
    from streaming.http.auth import Principal
    from transcoder.progress import ProgressBoard

BEAT: Final = timedelta(seconds=15)
"""Without news there is a comment this often, and a look whether a wake-up was missed."""

_PACE_S: Final = 0.25
_RETRY_MS: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacementProgress:
    """The same of a source that is to take the place of the one that is played. `failure` says why it cannot."""

    version: int
    state: AssetState
    percent: int
    eta_s: int | None
    failure: FailureView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetProgress:
    """`percent` (0 to 100) of what goes on in this state: of the upload's bytes, or of the encode's work.

    `eta_s`: whole seconds until the encode is done if it goes on as lately, whatever else is encoded; null while nobody
    can say. `failure` and `replacement` are told to editors only.
    """

    id: str
    state: AssetState
    editorial: EditorialState
    percent: int
    eta_s: int | None
    playable: bool
    failure: FailureView | None
    replacement: ReplacementProgress | None = None


class Arriving(Protocol):
    """Bytes of a source that have arrived, of how many (None while nobody has said)."""

    @property
    def offset(self) -> int: ...

    @property
    def length(self) -> int | None: ...


class ProgressEvents:
    """Makes the event streams. `arriving` says how far an upload has come; `beat` is the time between two heartbeats of
    a stream without news."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        cache: Cache,
        board: ProgressBoard,
        arriving: Callable[[AssetId], Awaitable[Arriving | None]],
        beat: timedelta = BEAT,
    ) -> None:
        self._catalogue = catalogue
        self._cache = cache
        self._board = board
        self._arriving = arriving
        self._beat_s = beat.total_seconds()

    async def look(self, asset_id: AssetId, principal: Principal | None) -> Event:
        """The present state as an event, whose id is the same as long as nothing changes but the time left.

        Raises AssetNotFound, NotPublished.
        """
        asset = await self._catalogue.get(asset_id)
        check_visible(asset, principal)
        tells = sees_all(principal)
        percent, eta_s = await self._percent(asset.id, asset.version, asset.state)
        coming, left_s = asset.replacement if tells else None, None
        if coming is not None:
            done, left_s = await self._percent(asset.id, coming.version, coming.state)
            replacement = ReplacementProgress(
                version=coming.version, state=coming.state, percent=done, eta_s=None,
                failure=failure_view(coming.failure),
            )  # fmt: skip
        value = AssetProgress(
            id=asset.id, state=asset.state, editorial=asset.editorial, percent=percent, eta_s=None,
            playable=asset.playing is not None, failure=failure_view(asset.failure) if tells else None,
            replacement=None if coming is None else replacement,
        )  # fmt: skip
        digest = hashlib.sha256(msgspec.json.encode(value)).hexdigest()[:16]
        if value.replacement is not None:
            value = replace(value, replacement=replace(value.replacement, eta_s=left_s))
        return Event(name="progress", value=replace(value, eta_s=eta_s), id=digest)

    async def _percent(self, asset: AssetId, version: int, state: AssetState) -> tuple[int, int | None]:
        """Percent, and seconds left."""
        match state:
            case AssetState.READY:
                return 100, 0
            case AssetState.UPLOADING:
                arriving = await self._arriving(asset)
                if arriving is None or not arriving.length:
                    return 0, None
                return 100 * arriving.offset // arriving.length, None
            case AssetState.PLAYABLE:
                progress = await self._board.progress(asset, version)
                left = None if progress.left is None else math.ceil(progress.left.total_seconds())
                return min(progress.percent, 99), left  # the rest is the finish: static playlists and the fact itself
            case _:
                return 0, None

    async def watch(
        self, asset_id: AssetId, reader: Callable[[], Awaitable[Principal | None]], *, last_id: str | None
    ) -> AsyncGenerator[bytes, None]:
        """Pieces of an event stream, beginning with the present state unless the client has it (`last_id`).

        It ends when the asset is settled, and with an event `gone` when it is deleted or taken from the reader, who is
        asked for again once a beat: a token may be revoked or expire meanwhile.
        """
        yield retry(_RETRY_MS)
        async with AsyncExitStack() as held:
            try:
                messages = await held.enter_async_context(
                    self._cache.subscribe(asset_channel(asset_id), changes_channel(asset_id))
                )
                woken = asyncio.Event()
                listening = asyncio.create_task(_wake(messages, woken))
                held.push_async_callback(end, listening)
                async for piece in self._pieces(asset_id, reader, last_id, woken):
                    yield piece
            except InfraError:
                # The client connects again after `retry`, and hears then what it has missed.
                return
            finally:
                # A watcher that was cut off leaves the channels in order too.
                with anyio.CancelScope(shield=True):
                    await held.aclose()

    async def _pieces(
        self,
        asset_id: AssetId,
        reader: Callable[[], Awaitable[Principal | None]],
        last_id: str | None,
        woken: asyncio.Event,
    ) -> AsyncGenerator[bytes, None]:
        principal, asked_at = None, -math.inf
        while True:
            woken.clear()
            try:
                if time.monotonic() - asked_at >= self._beat_s:
                    principal, asked_at = await reader(), time.monotonic()
                event = await self.look(asset_id, principal)
            except (AssetNotFound, NotPublished, Unauthorized) as gone:
                yield Event(name="gone", value={"id": asset_id, "code": gone.code}, id="gone").render()
                return
            except CacheUnavailable:
                event = None
            if event is not None and event.id != last_id:
                last_id = event.id
                yield event.render()
            if event is not None and settled(event):
                return
            # Segments land by the dozen: one look serves them all.
            await asyncio.sleep(_PACE_S)
            try:
                async with asyncio.timeout(self._beat_s):
                    await woken.wait()
            except TimeoutError:
                yield HEARTBEAT


def settled(event: Event) -> bool:
    """Whether nothing more will come after this event by itself."""
    value: AssetProgress = event.value
    coming = value.replacement
    return value.state in SETTLED and (coming is None or coming.state in SETTLED)


async def _wake(messages: AsyncIterator[tuple[str, bytes]], woken: asyncio.Event) -> None:
    async for _ in messages:
        woken.set()
