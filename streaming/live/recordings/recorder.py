"""An event that is over becomes an asset: its source is the live segments, and it can be played at once.

Any process may do it, more than once, and be killed while it does: the source's list is written once, and all else
follows from that.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from infra.errors import ObjectNotFound
from manifests import layout
from streaming.profiles.errors import BrokenProfile, UnknownProfile
from transcoder.facts import write_plan, write_profile
from transcoder.live.event import load
from transcoder.live.recording.found import find_stretches, is_complete, lacking
from transcoder.live.recording.plan import recorded_plan, recorded_profile
from transcoder.live.recording.source import recorded_source, write_head
from transcoder.planner import protection
from transcoder.profile import DEFAULT
from transcoder.sources.pieces import write_holds, write_source

if TYPE_CHECKING:
    from infra.ports import ObjectStore
    from manifests.layout import AssetId
    from streaming.catalog.service import Catalogue
    from streaming.live.recordings.events import Event
    from streaming.profiles.folder import ProfileFolder
    from transcoder.encryption.key_store import KeyStore
    from transcoder.live.recording.model import Stretch
    from transcoder.plan import Plan
    from transcoder.profile import Profile

log = logging.getLogger(__name__)

_LANGUAGE: Final = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """How many assets an event became, and how many seconds of it are in none of them."""

    parts: int = 0
    missing_s: float = 0.0


class Recorder:
    """One a process; holds nothing between calls."""

    def __init__(
        self, *, catalogue: Catalogue, store: ObjectStore, profiles: ProfileFolder, keys: KeyStore
    ) -> None:  # fmt: skip
        self._catalogue, self._store, self._profiles, self._keys = catalogue, store, profiles, keys

    async def record(self, event: Event, *, at_last: bool = False) -> Recorded | None:
        """Make it an asset, or as many as it has stretches. None: not all of it is in the bucket yet, which counts no
        more `at_last`. Raises DatabaseUnavailable, and what the store raises."""
        try:
            live = load(await self._store.read(layout.live_event(event.channel, event.number)))
        except ObjectNotFound:
            return Recorded() if at_last else None
        if not at_last and not await is_complete(self._store, live):
            return None
        stretches = await find_stretches(self._store, live)
        profile = recorded_profile(await self._profile(event))
        for place, stretch in enumerate(stretches):
            asset = event.part(place)
            plan = await self._write(stretch, asset, profile)
            title = f"{event.title}, {event.begun_at:%Y-%m-%d %H:%M} UTC" + (f" ({place + 1})" if place else "")
            await self._catalogue.recorded(
                asset, plan, titles={_LANGUAGE: title}, size=plan.source.size, profile=profile.name,
                created_by=event.created_by,
            )  # fmt: skip
            log.info("an event is recorded", extra={"channel": event.channel, "event": event.number, "asset": asset})
        missing_s = await lacking(self._store, live, stretches)
        if missing_s:
            log.warning("a recording is not all of its event", extra={"channel": event.channel, "missing_s": missing_s})
        return Recorded(parts=len(stretches), missing_s=missing_s)

    async def _write(self, stretch: Stretch, asset: AssetId, profile: Profile) -> Plan:
        """All that the asset is, in the bucket; the plan last."""
        source = recorded_source(stretch, await write_head(self._store, stretch, asset=asset, version=1))
        await write_source(self._store, asset, 1, source)
        await write_holds(self._store, asset, 1, source)
        protected = protection(profile)
        if protected is not None:
            await self._keys.make(asset, 1)
        await write_profile(self._store, asset, 1, profile)
        return await write_plan(
            self._store, recorded_plan(stretch, source, asset=asset, version=1, protection=protected)
        )  # fmt: skip

    async def _profile(self, event: Event) -> Profile:
        """The one that the channel names, as it is by now."""
        try:
            return await self._profiles.chosen(event.profile, tenant=event.created_by)
        except (UnknownProfile, BrokenProfile):
            return DEFAULT
