"""What happens to uploads when their clients do nothing: they are finished, thrown away, forgotten.

One process at a time sweeps, the one that holds the lease; several do no harm.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from infra.errors import InfraError
from manifests.layout import UploadId
from streaming.catalog.sweeper import sweep_version
from streaming.http.problem import ApiError
from streaming.upload.model import Upload, UploadKind, UploadState

if TYPE_CHECKING:
    from infra.ports import Cache, ObjectStore
    from streaming.clock import Clock
    from streaming.upload.finishing import Finisher
    from streaming.upload.ports import UploadCatalogue
    from streaming.upload.records import UploadRecords
    from streaming.upload.settings import UploadSettings

_log = logging.getLogger(__name__)

_LEADER: Final = "channel:lease:upload-sweeper"
_LEADER_TTL: Final = timedelta(seconds=30)
_PAGE: Final = 200
_LATE: Final = timedelta(minutes=15)
"""How long after the end of an upload something may still appear: a worker or a writer that was held up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep did: uploads that it finished, threw away, and forgot; assets that it found without an upload;
    objects that appeared after their upload had ended."""

    finished: int = 0
    expired: int = 0
    forgotten: int = 0
    stranded: int = 0
    late: int = 0


class UploadSweeper:
    """Sweeps all uploads."""

    def __init__(
        self,
        *,
        records: UploadRecords,
        store: ObjectStore,
        catalogue: UploadCatalogue,
        finisher: Finisher,
        settings: UploadSettings,
        clock: Clock,
    ) -> None:
        self._records = records
        self._store = store
        self._catalogue = catalogue
        self._finisher = finisher
        self._settings = settings
        self._clock = clock
        self._next: dict[UploadId, datetime] = {}

    async def sweep(self) -> Swept:
        """To be called every minute or so."""
        finished = expired = 0
        after = UploadId("")
        while page := await self._records.open_ones(after, _PAGE):
            after = page[-1].id
            for upload in page:
                try:
                    if upload.whole:
                        # Its own request has a while to finish it.
                        if upload.updated_at + self._settings.idle <= self._clock():
                            await self._finisher.finish(upload)
                            finished += 1
                    elif upload.expires_at <= self._clock() or self._died(upload):
                        await self._finisher.abandon(upload, UploadState.EXPIRED)
                        expired += 1
                except (InfraError, ApiError) as exc:
                    _log.warning("upload %s: not swept this time: %s", upload.id, exc)
        forgotten = await self._records.forget(self._clock() - self._settings.remembered)
        stranded = await self._release_stranded()
        late = await self._sweep_late()
        return Swept(finished=finished, expired=expired, forgotten=forgotten, stranded=stranded, late=late)

    async def _release_stranded(self) -> int:
        """Give back the assets whose upload was never written down: its process died between the two."""
        stranded = 0
        for asset in await self._catalogue.uploading_since(self._clock() - self._settings.expires):
            if await self._records.progress(asset.id) is None:
                await self._catalogue.upload_abandoned(asset.id)
                stranded += 1
        return stranded

    async def _sweep_late(self) -> int:
        """Look again at what ended a short while ago; the longer ago, the rarer."""
        now, late = self._clock(), 0
        ended = await self._records.ended_since(now - _LATE)
        for upload in ended:
            if self._next.get(upload.id, now) <= now:
                done = upload.state is UploadState.DONE
                late += await (
                    self._finisher.tidy(upload) if done else sweep_version(self._store, upload.asset, upload.version)
                )
                self._next[upload.id] = now + (now - upload.updated_at) / 2
        self._next = {upload.id: self._next[upload.id] for upload in ended}
        return late

    def _died(self, upload: Upload) -> bool:
        """A PUT cannot be resumed: one that has stored nothing for long has lost its process."""
        return upload.kind is UploadKind.PUT and upload.updated_at + 20 * self._settings.idle <= self._clock()


async def sweep_uploads(sweeper: UploadSweeper, cache: Cache, *, every: timedelta = timedelta(seconds=30)) -> None:
    """Sweep until cancelled. What fails is tried again in the next round."""
    while True:
        try:
            async with cache.lease(_LEADER, ttl=_LEADER_TTL) as lease:
                if lease is not None:
                    swept = await sweeper.sweep()
                    if swept != Swept():
                        _log.info("uploads swept: %s", swept)
        except InfraError as exc:
            _log.warning("uploads not swept this time: %s", exc)
        await asyncio.sleep(every.total_seconds())
