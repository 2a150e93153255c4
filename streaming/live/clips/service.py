"""Clips of a channel, while it runs and after: in two stages, under one id.

Version 1 is whole parts of whole groups of pictures, as they were live: nothing of it is encoded, so it can be played
as soon as it is asked for. Version 2 is exact to the frame and to the sample; what lies at its beginning is encoded,
and it takes the place of the other when all of it is there. Both are plans over the live segments themselves
(transcoder/live/recording).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import anyio

from infra.errors import ObjectNotFound
from manifests import layout
from streaming.live.clips.errors import NoLongerThere, NotShown
from streaming.live.clips.points import cut, moment, segments, shown, whole
from streaming.live.clips.taken import Wherever, take
from transcoder.facts import write_plan, write_profile
from transcoder.live.recording.plan import recorded_frames, recorded_plan, recorded_profile
from transcoder.live.recording.source import recorded_source, write_head
from transcoder.planner import protection
from transcoder.sources.pieces import write_holds, write_source

if TYPE_CHECKING:
    from infra.ports import ObjectStore
    from manifests.layout import AssetId, ChannelId, RenditionId
    from streaming.catalog.model import Asset
    from streaming.catalog.service import Catalogue
    from streaming.live.channels.service import Channels
    from streaming.live.clips.taken import Taken
    from streaming.live.viewing.bodies import Bodies
    from streaming.live.viewing.follower import Followers
    from streaming.playback.recorded import TakenAtOnce
    from streaming.profiles.folder import ProfileFolder
    from transcoder.encryption.key_store import KeyStore
    from transcoder.plan import Plan
    from transcoder.profile import Profile
    from transcoder.sources.pieces import SourceBytes

ROUGH: Final = 1
EXACT: Final = 2
"""The versions of a clip."""

_LANGUAGE: Final = "en"
_MP4: Final = "video/mp4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an editor asks for: `begin` and `end` as points.py reads them. Without `titles` it is called after the
    channel and the time."""

    begin: str
    end: str
    titles: Mapping[str, str] = field(default_factory=dict)
    default_language: str = _LANGUAGE
    created_by: str


class LiveClips:
    """One a process; holds nothing between requests."""

    def __init__(
        self, *, channels: Channels, followers: Followers, bodies: Bodies, store: ObjectStore,
        at_once: TakenAtOnce, catalogue: Catalogue, profiles: ProfileFolder, keys: KeyStore,
    ) -> None:  # fmt: skip
        self._channels, self._followers, self._bodies = channels, followers, bodies
        self._store, self._at_once = store, at_once
        self._catalogue, self._profiles, self._keys = catalogue, profiles, keys

    async def clip(self, channel_id: ChannelId, wanted: Wanted) -> Asset:
        """A new draft that can be played.

        Raises ChannelNotFound, InvalidField, CutOutOfRange, NotShown, NotYet, NoLongerThere, NothingToCut; what the
        folder of profiles, the store, the cache and the database raise.
        """
        begin, end = moment(wanted.begin, pointer="/in"), moment(wanted.end, pointer="/out")
        channel = await self._channels.get(channel_id)
        profile = recorded_profile(await self._profiles.chosen(channel.profile, tenant=channel.created_by))
        follower = await self._followers.of(channel_id)
        event, states = follower.event, dict(follower.states)
        if event is None:
            raise NotShown("Nothing is shown, or not for a long time.", recording=channel.recording)
        try:
            there = shown(event, states)
            exact = cut(there, begin, end)
        except NotShown as exc:
            raise NotShown(exc.detail, recording=channel.recording) from exc
        rough = whole(there, exact)
        taken = await take(
            event, states, there, segments(event.grid, rough), store=self._store, bodies=self._bodies
        )  # fmt: skip
        titles = dict(wanted.titles) or {_LANGUAGE: f"{channel.title}, {there.date_of(exact.start):%Y-%m-%d %H:%M:%S}"}
        asset = await self._catalogue.create(
            titles=titles, default_language=wanted.default_language if wanted.titles else _LANGUAGE,
            created_by=wanted.created_by, profile=profile.name, promised=EXACT,
        )  # fmt: skip
        made = await self._versions(taken, profile, asset.id, {ROUGH: rough, EXACT: exact})
        # Who deletes a channel, or what has left its window, looks for holds: so what he deletes is looked at last.
        await self._channels.get(channel_id)
        if not await self._is_there(taken):
            raise NoLongerThere
        return await self._catalogue.keep(asset.id, made[ROUGH], exact=made.get(EXACT))

    async def _versions(
        self, taken: Taken, profile: Profile, asset: AssetId, wanted: Mapping[int, range]
    ) -> dict[int, Plan]:
        """All that a clip is, in the bucket. One that is exact as it is has one version."""
        try:
            source = await self._source(taken, asset)
        except ObjectNotFound as exc:
            raise NoLongerThere("What the channel showed is being deleted, or has not reached the bucket.") from exc
        made = {
            version: _planned(taken, source, profile, asset, version, frames)
            for version, frames in wanted.items()
            if version == ROUGH or frames != wanted[ROUGH]
        }
        try:
            async with anyio.create_task_group() as writers:
                writers.start_soon(self._begin, taken, made[ROUGH])
                for plan in made.values():
                    writers.start_soon(self._write, plan, source, profile)
        except ExceptionGroup as exc:
            raise exc.exceptions[0] from exc
        return made

    async def _is_there(self, taken: Taken) -> bool:
        """Whether its oldest segment is, which would go first."""
        key, _ = taken.stretch.objects()[0]
        return key in taken.copied or await self._store.head(key) is not None

    async def _source(self, taken: Taken, asset: AssetId) -> SourceBytes:
        """The pieces that both versions are made of: live segments, and copies of what the bucket lacks."""
        head = await write_head(self._store, taken.stretch, asset=asset, version=ROUGH)
        found = recorded_source(taken.stretch, head)
        pieces = []
        for piece in found.pieces:
            if (body := taken.copied.get(piece.key)) is not None:
                key = layout.source_piece(asset, ROUGH, piece.start)
                await self._store.put(key, body, content_type=_MP4)
                piece = replace(piece, key=key)
            pieces.append(piece)
        return replace(found, pieces=tuple(pieces))

    async def _begin(self, taken: Taken, plan: Plan) -> None:
        """Segments that nobody could make by the bucket yet: all others are, when they are asked for."""
        if plan.video is None:
            return
        begin = taken.stretch.segments.start + plan.video.skip // plan.video.segment
        objects = Wherever(store=self._store, copied=taken.copied)

        async def make(rendition: RenditionId, number: int) -> None:
            await self._at_once.make(plan, rendition, number, objects=objects)

        try:
            async with anyio.create_task_group() as makers:
                for rendition, count in plan.renditions().items():
                    for number in (live - begin for live in taken.numbers):
                        if number < count:
                            makers.start_soon(make, rendition, number)
        except ExceptionGroup as exc:
            raise exc.exceptions[0] from exc

    async def _write(self, plan: Plan, source: SourceBytes, profile: Profile) -> None:
        """All that a version is, in the bucket; the plan last."""
        asset, version = plan.asset, plan.version
        # Who sweeps the clip reads in its list what it holds, so the list comes first.
        await write_source(self._store, asset, version, source)
        await write_holds(self._store, asset, version, source)
        if plan.protection is not None:
            await self._keys.make(asset, version)
        await write_profile(self._store, asset, version, profile)
        await write_plan(self._store, plan)


def _planned(
    taken: Taken, source: SourceBytes, profile: Profile, asset: AssetId, version: int, frames: range
) -> Plan:  # fmt: skip
    """Some frames, counted from the epoch."""
    grid = taken.stretch.event.grid
    zero = taken.stretch.segments.start * grid.parts * grid.part
    there = recorded_plan(taken.stretch, source, asset=asset, version=version, protection=protection(profile))
    return recorded_frames(there, range(frames.start - zero, frames.stop - zero))
