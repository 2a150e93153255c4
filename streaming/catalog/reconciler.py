"""The reconciler: folds what the bucket says into the catalogue, and asks again for what the queue forgot.

The queue is a hint; the bucket and the catalogue are the truth. So a lost message, an emptied Redis, a dead worker or a
dead API process cost time, never an asset. One process leads, by a lease; any other takes over when it dies.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from infra.errors import InfraError, ObjectNotFound
from infra.leader import Leader
from manifests import layout
from streaming.catalog.errors import AssetNotFound, IllegalTransition
from streaming.catalog.model import ENCODING, AssetState
from streaming.catalog.sweeper import KEPT, Sweeper
from streaming.clock import utc_now
from transcoder import signals
from transcoder.facts import find_growing, find_loudness, find_plan, read_failure, read_ready, write_failure
from transcoder.failures import failure
from transcoder.progress import ProgressBoard
from transcoder.remaining import present
from transcoder.schedule.front import Front
from transcoder.static_manifests import enlist
from transcoder.windows import are_of, index_task

if TYPE_CHECKING:
    from infra.ports import Cache, JobEngine, ObjectStore
    from manifests.layout import AssetId
    from streaming.catalog.model import Asset, Replacement
    from streaming.catalog.service import Catalogue
    from streaming.clock import Clock
    from transcoder.facts import Failure

log = logging.getLogger(__name__)

_LEADER: Final = "channel:lease:reconciler"
_LEADER_TTL: Final = timedelta(seconds=10)
_ROUNDS: Final = 20
_THOROUGH: Final = 6
_STEPS: Final = frozenset({"plan", "ready", "failure"})

_MISSING: Final = failure("source_missing", cause="the source object does not exist")
_STUCK: Final = failure(
    "stuck", cause=f"its tasks have vanished from the queue {_ROUNDS} times without a new object in the bucket"
)


@dataclass(slots=True, kw_only=True)
class _Asked:
    """How often an asset was asked for again since `present` objects of it existed."""

    present: int
    times: int = 0


class Reconciler:
    """Runs in every API process; works in the one that leads."""

    def __init__(
        self,
        *,
        store: ObjectStore,
        cache: Cache,
        jobs: JobEngine,
        catalogue: Catalogue,
        every: timedelta = timedelta(seconds=5),
        former_kept: timedelta = KEPT,
        clock: Clock = utc_now,
    ) -> None:
        self._store = store
        self._cache = cache
        self._jobs = jobs
        self._catalogue = catalogue
        self._every = every
        self._front = Front(store=store, cache=cache, jobs=jobs, board=ProgressBoard(store=store, cache=cache))
        self._waiting: frozenset[tuple[AssetId, int]] = frozenset()
        self._sweeper = Sweeper(store=store, cache=cache, jobs=jobs, catalogue=catalogue, kept=former_kept, clock=clock)
        self._asked: dict[tuple[AssetId, int], _Asked] = {}

    async def run(self) -> None:
        """Until cancelled: lead, or stand by."""
        await Leader(
            self, cache=self._cache, lease=_LEADER, ttl=_LEADER_TTL, channel=signals.EVERYTHING, every=self._every,
            thorough=_THOROUGH,
        ).run()  # fmt: skip

    def named(self, message: bytes) -> AssetId | None:
        """The asset whose state a signal says has moved."""
        signal = signals.load(message)
        return signal.asset if signal.what in _STEPS else None

    async def sweep(self, *, thorough: bool = True) -> None:
        """Look at every asset that is not done, and at every deleted one that may have media left.

        Unless it is thorough, assets that the queue works on, or that wait for their turn, are left out: their facts
        are signalled, and to ask the bucket for each of a thousand waiting uploads every few seconds is no small load.
        """
        unfinished = await self._catalogue.unfinished()
        self._waiting = await self._front.waiting()
        alive = {(asset.id, version) for asset in unfinished for version in _versions(asset)}
        self._asked = {key: asked for key, asked in self._asked.items() if key in alive}
        for asset in unfinished:
            try:
                known = self._waiting & {(asset.id, version) for version in _versions(asset)}
                if thorough or not (known or await self._jobs.pending(asset.id)):
                    await self._reconcile(asset)
            except InfraError:
                raise
            except Exception:
                # One asset that cannot be understood must not hold up the others.
                log.exception("an asset cannot be reconciled", extra={"asset": asset.id})
        if thorough:
            for asset in await self._catalogue.arriving():
                await self._look_at_arriving(asset)
            for asset in await self._catalogue.unlisted():
                await self._enlist(asset)
        # Turns go on by themselves, as long as nothing is lost.
        await self._front.top_up()
        await self._sweeper.sweep()

    async def look(self, asset_id: AssetId) -> None:
        """Fold what has become of one asset."""
        try:
            asset = await self._catalogue.get(asset_id)
        except AssetNotFound:
            return
        if _versions(asset):
            await self._reconcile(asset)
        elif asset.state is AssetState.UPLOADING:
            await self._look_at_arriving(asset)

    async def _look_at_arriving(self, asset: Asset) -> None:
        plan = await find_growing(self._store, asset.id, asset.last_version)
        if plan is not None:
            with suppress(AssetNotFound):
                await self._catalogue.growing(asset.id, plan)

    async def _reconcile(self, asset: Asset) -> None:
        try:
            coming = asset.replacement if asset.replacement and asset.replacement.state in ENCODING else None
            # Of what is about to be replaced nothing is made but what viewers ask for.
            if asset.state in ENCODING and not await self._fold(asset) and coming is None:
                await self._ask_again(asset, asset.version)
            if coming is not None and not await self._fold_replacement(asset, coming):
                await self._ask_again(asset, coming.version)
        except (AssetNotFound, IllegalTransition) as exc:
            log.info("an asset has moved on meanwhile", extra={"asset": asset.id, "cause": str(exc)})

    async def _fold(self, asset: Asset) -> bool:
        """Tell the catalogue what the bucket says; whether nothing is left to do for the asset."""
        found = await read_failure(self._store, asset.id, asset.version)
        if found is not None:
            await self._sweeper.take_back(asset.id, asset.version)
            await self._catalogue.failed(asset.id, found.code, found.message, found.cause, version=asset.version)
            return True
        if asset.state is AssetState.INDEXING:
            plan = await find_plan(self._store, asset.id, asset.version)
            if plan is None:
                return False
            await self._catalogue.playable(asset.id, plan)
        if await read_ready(self._store, asset.id, asset.version) is None:
            return False
        await self._sweeper.supersede(asset.id, asset.version)
        resounded = await self._is_resounded(asset.id, asset.version)
        await self._catalogue.ready(asset.id, version=asset.version, resounded=resounded)
        await self._enlist(asset)
        return True

    async def _fold_replacement(self, asset: Asset, coming: Replacement) -> bool:
        """The same of a source that is to replace it: what plays stays until every object of the other is there."""
        found = await read_failure(self._store, asset.id, coming.version)
        if found is not None:
            await self._catalogue.replacement_failed(asset.id, found, version=coming.version)
            return True
        plan = await find_plan(self._store, asset.id, coming.version)
        if plan is None:
            return False
        if await read_ready(self._store, asset.id, coming.version) is None:
            await self._catalogue.replacement_planned(asset.id, plan)
            return False
        resounded = await self._is_resounded(asset.id, coming.version)
        replaced = await self._catalogue.replaced(asset.id, plan, resounded=resounded)
        if replaced.version == plan.version:  # else somebody has given it up meanwhile
            await self._enlist(replaced)
        return True

    async def _is_resounded(self, asset: AssetId, version: int) -> bool:
        verdict = await find_loudness(self._store, asset, version)
        return verdict is not None and any(track.renewed for track in verdict.tracks)

    async def _enlist(self, asset: Asset) -> None:
        """The row says which version is played; the bucket's own playlists follow."""
        with suppress(AssetNotFound, ObjectNotFound):
            await enlist(self._store, asset.id, asset.version)
            await self._catalogue.listed(asset.id, version=asset.version)

    async def _ask_again(self, asset: Asset, version: int) -> None:
        """Enqueue what is missing of a version, if the queue knows nothing of it."""
        if are_of(await self._jobs.pending(asset.id), version) or (asset.id, version) in self._waiting:
            return
        plan = await find_plan(self._store, asset.id, version)
        found = {} if plan is None else await present(self._store, plan)
        asked = self._asked.setdefault((asset.id, version), _Asked(present=len(found)))
        if asked.present != len(found):
            asked.present, asked.times = len(found), 0
        asked.times += 1
        if asked.times > _ROUNDS:
            await self._give_up(asset, version, _STUCK)
        elif await self._store.head(layout.source(asset.id, version)) is None:
            await self._give_up(asset, version, _MISSING)
        else:
            log.info("asking again", extra={"asset": asset.id, "objects": len(found)})
            if plan is None:
                await self._jobs.enqueue(index_task(asset.id, version, tenant=asset.created_by))
            else:
                await self._front.begin(plan, found, tenant=asset.created_by)

    async def _give_up(self, asset: Asset, version: int, failure: Failure) -> None:
        await write_failure(self._store, asset.id, version, failure)
        await self.look(asset.id)


def _versions(asset: Asset) -> frozenset[int]:
    """The versions of an asset that the transcoder has work for."""
    coming = asset.replacement
    found = {coming.version} if coming is not None and coming.state in ENCODING else set()
    return frozenset(found | {asset.version} if asset.state in ENCODING else found)
