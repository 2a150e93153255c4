"""What playback knows of assets, in the memory of this process: the catalogue's answer for a second, plans for good.

Any number of processes serve the same; none of them has to be told anything.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from infra.errors import ObjectNotFound
from manifests import layout
from manifests.layout import RenditionId
from streaming.catalog.model import AssetState
from streaming.playback.errors import NotPlayableYet
from streaming.playback.playlists import RenderedPlaylist
from streaming.playback.policy import is_public
from streaming.playback.single_flight import SingleFlight
from transcoder import measured as sizes
from transcoder.captions.listed import CaptionList, ListedTrack, find_captions, read_captions
from transcoder.facts import find_fixed_plan, find_growing, find_ladder, find_loudness
from transcoder.loudness.verdict import Verdict
from transcoder.loudness.verdict import apply as at_loudness
from transcoder.per_title.ladder import Ladder, apply
from transcoder.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Hashable

    from infra.ports import ObjectStore
    from manifests.layout import AssetId
    from streaming.catalog.model import Asset
    from transcoder.measured import Measured

_FRESH_S: Final = 1.0
"""Seconds that a public asset's row is believed: after it, a take-down is heard of by every process."""
_LADDER_S: Final = 2.0
"""Seconds after which a title that is being encoded is asked for its ladder again."""
_GROWING_S: Final = 0.5
"""Seconds after which a title whose source arrives is looked at again."""
_ASSETS: Final = 10_000
_PLANS: Final = 200
"""With all their playlists, 10 kB for a highlight, up to a megabyte for a whole match."""

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")


class Assets(Protocol):
    """The catalogue, as playback sees it."""

    async def get(self, asset_id: AssetId) -> Asset:
        """Raises AssetNotFound."""
        ...


class Recent(Generic[K, V]):
    """The values used last, at most `size` of them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._size:
            self._values.popitem(last=False)


@dataclass(slots=True, kw_only=True)
class Title:
    """An asset version that can be played: its plan, and the playlists that were asked for so far.

    The key of a manifest is its key in the bucket (of one that lists captions, the key of their list), and whether the
    asset was ready.
    `fixed` is the plan that was made first, `plan` what is listed; `served` has every rendition that was ever listed,
    with its `segments`: viewers may play a rung that was `dropped` since, until the asset is ready, and sound that was
    `replaced`, for it was too loud or too soft. `settled` says which of ladder and loudness are known, `look_again`
    when (on the loop's clock) they are asked for next; None: nothing will change any more. `growing`: its source
    arrives, more will be listed. `iframes`: the renditions that have an I-frame playlist, once somebody has asked for
    one.
    """

    fixed: Plan
    plan: Plan
    served: Plan
    segments: dict[RenditionId, int]
    dropped: frozenset[RenditionId] = frozenset()
    replaced: frozenset[RenditionId] = frozenset()
    settled: tuple[bool, bool] = (False, False)
    growing: bool = False
    look_again: float | None = None
    iframes: frozenset[RenditionId] | None = None
    playlists: dict[tuple[str, bool], RenderedPlaylist] = field(default_factory=dict)


def _title(fixed: Plan, ladder: Ladder | None, loudness: Verdict | None) -> Title:
    """A title under its own ladder and at its own loudness, as far as they are known."""
    heard = {track.id for track in fixed.audio}
    plan = at_loudness(apply(fixed, ladder), loudness)
    served = at_loudness(fixed, loudness, keeping=heard)
    segments = served.renditions()
    return Title(
        fixed=fixed, plan=plan, served=served, segments=segments,
        dropped=frozenset(segments.keys() - plan.renditions().keys() - heard),
        replaced=frozenset(heard - plan.renditions().keys()),
    )  # fmt: skip


class Titles:
    """Rows and plans, each read once however many ask."""

    def __init__(self, *, assets: Assets, store: ObjectStore) -> None:
        self._assets = assets
        self._store = store
        self._rows: Recent[AssetId, tuple[Asset, float]] = Recent(_ASSETS)
        self._titles: Recent[tuple[AssetId, int], Title] = Recent(_PLANS)
        self._captions: Recent[tuple[AssetId, int], CaptionList] = Recent(_PLANS)
        self._asking: SingleFlight[AssetId, Asset] = SingleFlight()
        self._loading: SingleFlight[tuple[AssetId, int], Title] = SingleFlight()

    async def asset(self, asset_id: AssetId) -> Asset:
        """The catalogue's row. Raises AssetNotFound.

        Only what everybody may play is kept, for a second: whoever waits for an asset to become playable, or has just
        published it, sees it at once.
        """
        now = asyncio.get_running_loop().time()
        kept = self._rows.get(asset_id)
        if kept is not None and now < kept[1]:
            return kept[0]
        asset = await self._asking(asset_id, lambda: self._assets.get(asset_id))
        if is_public(asset) and asset.playing is not None:
            self._rows.put(asset_id, (asset, now + _FRESH_S))
        return asset

    async def title(self, asset: Asset, *, afresh: bool = False) -> Title:
        """The plan of the version that is played: of all of it, or of what has arrived. `afresh`: as it stands now.

        Raises NotPlayableYet if there is none.
        """
        if asset.playing is None:
            raise NotPlayableYet
        key = (asset.id, asset.playing)
        kept, ready = self._titles.get(key), asset.state is AssetState.READY
        if kept is not None and (
            kept.look_again is None or not (ready or afresh or asyncio.get_running_loop().time() >= kept.look_again)
        ):
            return kept
        return await self._loading(key, lambda: self._load(*key, kept, ready=ready))

    async def former(self, asset: Asset, version: int) -> Title | None:
        """A version that was replaced, as long as it is kept."""
        kept = self._titles.get((asset.id, version))
        try:
            return kept or await self._loading(
                (asset.id, version), lambda: self._load(asset.id, version, None, ready=True)
            )
        except NotPlayableYet:
            return None

    async def is_kept(self, title: Title) -> bool:
        """Whether the media of a version that was replaced are not swept yet."""
        return await self._store.head(layout.plan(title.plan.asset, title.plan.version)) is not None

    async def _load(self, asset_id: AssetId, version: int, kept: Title | None, *, ready: bool) -> Title:
        before = kept if kept is not None and kept.growing else None
        kept = None if before is not None else kept
        fixed = await find_fixed_plan(self._store, asset_id, version) if kept is None else kept.fixed
        if fixed is None:
            return await self._load_growing(asset_id, version, before)
        ladder = await find_ladder(self._store, asset_id, version)
        loudness = await find_loudness(self._store, asset_id, version)
        settled = (ladder is not None, loudness is not None)
        again = None if ready or all(settled) else asyncio.get_running_loop().time() + _LADDER_S
        if kept is not None and kept.settled == settled:
            kept.look_again = again
            return kept
        title = _title(fixed, ladder, loudness)
        title.settled, title.look_again = settled, again
        self._titles.put((asset_id, version), title)
        return title

    async def _load_growing(self, asset_id: AssetId, version: int, kept: Title | None) -> Title:
        plan = await find_growing(self._store, asset_id, version)
        if plan is None:
            raise NotPlayableYet
        if kept is None or kept.plan != plan:
            kept = Title(fixed=plan, plan=plan, served=plan, segments=plan.renditions(), growing=True)
            self._titles.put((asset_id, version), kept)
        kept.look_again = asyncio.get_running_loop().time() + _GROWING_S
        return kept

    async def captions(self, asset: Asset, title: Title) -> tuple[ListedTrack, ...]:
        """The captions that viewers are offered; none while the source arrives, whose end nobody knows."""
        if title.growing or not asset.captions:
            return ()
        key = (asset.id, asset.captions)
        captions = self._captions.get(key)
        if captions is None:
            # Gone only if there are later ones, of which this process has not heard yet.
            captions = await read_captions(self._store, *key) or await find_captions(self._store, asset.id)
            self._captions.put(key, captions)
        return captions.of(title.plan.version)

    async def measured(self, title: Title) -> Measured | None:
        """The sizes of a ready asset; None if they were never written. They are large, and of no use once playlists are
        made from them, so they are not kept."""
        try:
            return sizes.load(await self._store.read(layout.measured(title.plan.asset, title.plan.version)))
        except ObjectNotFound:
            return None
