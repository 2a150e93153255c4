"""Cutting: a range of an asset as an asset of its own (clip), or in its place (trim).

The plan is made here, from the parent's, and is there before anybody hears of the clip: it can be played at once. The
bytes of the source stay where they are; the clip's list names them, and a hold beside them says so to whoever sweeps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from manifests.captions.cut import cut
from streaming.catalog.errors import AssetNotFound
from streaming.catalog.model import VIEWABLE
from streaming.clips.errors import CutOutOfRange, NothingToCut
from streaming.clips.points import frame_at, timecode
from transcoder.captions.found import FoundCaptions, FoundTrack, write_found
from transcoder.clip_plan import clip_of_frames, clip_of_samples
from transcoder.facts import find_plan, read_profile, write_plan, write_profile
from transcoder.live.recording.source import narrowed
from transcoder.sources.pieces import find_source, write_holds, write_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.ports import ObjectStore
    from manifests.layout import AssetId
    from streaming.captions.service import Captions
    from streaming.catalog.model import Asset
    from streaming.catalog.service import Catalogue
    from transcoder.encryption.key_store import KeyStore
    from transcoder.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Where to cut, as an editor wrote it; without an `end` up to the asset's."""

    begin: str = "0"
    end: str | None = None


class Clips:
    """One a process; holds nothing between requests."""

    def __init__(self, *, catalogue: Catalogue, store: ObjectStore, captions: Captions, keys: KeyStore) -> None:
        self._catalogue = catalogue
        self._store = store
        self._captions = captions
        self._keys = keys

    async def clip(
        self,
        parent_id: AssetId,
        cut: Cut,
        *,
        titles: Mapping[str, str] | None = None,
        default_language: str | None = None,
        created_by: str,
    ) -> Asset:
        """A new draft that shows a part of an asset; its texts are the parent's but for the `titles`.

        Raises AssetNotFound, NothingToCut, CutOutOfRange, InvalidField.
        """
        parent, plan = await self._parent(parent_id)
        cut_at = _range(plan, cut)
        asset = await self._catalogue.create(
            titles=titles or parent.titles, default_language=default_language or parent.default_language,
            descriptions={} if titles else parent.descriptions, tags=parent.tags, sport=parent.sport,
            discipline=parent.discipline, created_by=created_by,
        )  # fmt: skip
        version = await self._catalogue.begin_upload(asset.id, profile=parent.profile)
        try:
            made = await self._write(parent, plan, cut_at, asset.id, version)
        except (AssetNotFound, NothingToCut):
            await self._catalogue.delete(asset.id)
            raise
        await self._arrived(parent, made)
        return await self._catalogue.playable(asset.id, made)

    async def trim(self, asset_id: AssetId, cut: Cut) -> Asset:
        """A part of an asset takes its place, like another source. Raises as `clip` does."""
        parent, plan = await self._parent(asset_id)
        cut_at = _range(plan, cut)
        version = await self._catalogue.begin_upload(asset_id, profile=parent.profile)
        try:
            made = await self._write(parent, plan, cut_at, asset_id, version)
        except NothingToCut:
            await self._catalogue.cancel_replacement(asset_id)
            raise
        await self._arrived(parent, made)
        return await self._catalogue.replacement_planned(asset_id, made)

    async def _parent(self, asset_id: AssetId) -> tuple[Asset, Plan]:
        asset = await self._catalogue.get(asset_id)
        plan = await find_plan(self._store, asset_id, asset.version) if asset.state in VIEWABLE else None
        if plan is None:
            raise NothingToCut
        return asset, plan

    async def _write(self, parent: Asset, plan: Plan, cut_at: range, asset: AssetId, version: int) -> Plan:
        """All that the clip is, in the bucket; the plan last."""
        source = await find_source(self._store, plan.asset, plan.version)
        if source is None or not source.whole:
            raise NothingToCut("The file that the asset was made of is gone.")
        profile = await read_profile(self._store, plan.asset, plan.version)
        if plan.video is not None:
            made = clip_of_frames(plan, cut_at, asset=asset, version=version)
        else:
            made = clip_of_samples(plan, cut_at, segment=profile.segment, asset=asset, version=version)
        if made.recorded is not None:
            source = narrowed(source, made)
            made = replace(made, source=replace(made.source, size=source.arrived))
        # Who sweeps the clip reads in its list what it holds, so the list comes first. Who sweeps the parent looks for
        # holds after its deletion, so the parent is looked at last.
        await write_source(self._store, asset, version, source)
        await write_holds(self._store, asset, version, source)
        await self._catalogue.get(parent.id)
        if await find_source(self._store, plan.asset, plan.version) is None:
            raise NothingToCut("The file that the asset was made of is gone.")
        if made.protection is not None:
            await self._keys.make(asset, version)
        await write_profile(self._store, asset, version, profile)
        await self._carry_captions(parent.id, made, cut_at, plan)
        return await write_plan(self._store, made)

    async def _carry_captions(self, parent: AssetId, made: Plan, cut_at: range, plan: Plan) -> None:
        """The parent's captions as they are now, as if they had been found inside the clip."""
        second = plan.video.rate if plan.video is not None else Fraction(plan.audio[0].sample_rate)
        begin, length = round(cut_at.start / second * 1000), round(len(cut_at) / second * 1000)
        tracks = []
        for each in (await self._captions.tracks(parent)).tracks:
            if made.asset == parent and each.version is None:
                continue  # it stays with the asset, and is cut when the trim is played
            _, track, cues = await self._captions.cues(parent, each.id)
            naming = track.naming
            shifted = cut(cues, begin=begin, length=length)
            if shifted:
                tracks.append(
                    FoundTrack(
                        language=naming.language, name=naming.name, kind=naming.kind.value, default=naming.default,
                        format=track.format, cues=shifted,
                    )
                )  # fmt: skip
        await write_found(self._store, made.asset, made.version, FoundCaptions(tracks=tuple(tracks)))

    async def _arrived(self, parent: Asset, made: Plan) -> None:
        await self._catalogue.source_arrived(
            made.asset, version=made.version, size=made.source.size, filename=parent.source_filename or ""
        )


def _range(plan: Plan, cut: Cut) -> range:
    """The frames of the grid, or the samples, that are asked for. Raises CutOutOfRange, InvalidField."""
    video = plan.video
    rate = video.rate if video is not None else Fraction(plan.audio[0].sample_rate)
    longest = video.frames if video is not None else max(track.samples for track in plan.audio)
    begin = frame_at(cut.begin, rate, pointer="/in", frames=video is not None)
    end = longest if cut.end is None else frame_at(cut.end, rate, pointer="/out", frames=video is not None)
    if end > longest:
        length = timecode(longest, rate) if video is not None else f"{float(longest / rate):.3f} s"
        raise CutOutOfRange(f"The asset ends at {length}.", begin=begin, end=end, length=longest)
    if begin >= end:
        raise CutOutOfRange("The first picture comes before the one that is no more shown.", begin=begin, end=end)
    return range(begin, end)
