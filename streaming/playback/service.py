"""Playback: playlists of assets, and their media, those too that are not encoded yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from infra.errors import ObjectNotFound
from manifests import layout, media_types
from manifests.layout import RenditionId
from streaming.catalog.model import Asset, AssetState
from streaming.catalog.policy import check_visible
from streaming.playback import metrics, policy
from streaming.playback.arrivals import Arrivals, Wanted
from streaming.playback.errors import (
    KeyNotFound,
    NoDash,
    NoIFrames,
    NoMpdYet,
    RenditionNotFound,
    SegmentNotFound,
    SegmentPending,
)
from streaming.playback.playlists import RenderedPlaylist, rendered
from streaming.playback.titles import Title, Titles
from transcoder import describe
from transcoder.errors import KeysMissing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta

    from infra.ports import Cache, ObjectBody, ObjectStat, ObjectStore
    from manifests.layout import AssetId
    from streaming.http.auth import Principal
    from streaming.playback.arrivals import Wanting
    from streaming.playback.titles import Assets
    from transcoder.describe import UriOf
    from transcoder.encryption.content_keys import ContentKey
    from transcoder.encryption.key_ids import KeyName
    from transcoder.encryption.key_store import KeyStore

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """An asset that this request may play: the version that is played, or (`former`) one that was until lately."""

    asset: Asset
    title: Title
    former: bool = False

    @property
    def ready(self) -> bool:
        """Every object is there, and the bucket may be pointed at."""
        return self.asset.state is AssetState.READY and not self.former


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaObject:
    """A segment or init section: one that is `wanted` exists or will, any other exists or never will."""

    played: Played
    key: str
    wanted: Wanted | None
    media_type: str


class Playback:
    """`media_base_url`: a CDN or bucket that serves the keys of finished assets; empty: this service does.

    Besides the errors named, every method raises what the store and the cache raise.
    """

    def __init__(
        self,
        *,
        store: ObjectStore,
        cache: Cache,
        assets: Assets,
        demand: Wanting,
        keys: KeyStore,
        media_base_url: str,
        segment_wait: timedelta,
    ) -> None:
        self._store, self._keys = store, keys
        self._media_base_url = media_base_url
        self._titles = Titles(assets=assets, store=store)
        self._arrivals = Arrivals(store=store, cache=cache, demand=demand, patience=segment_wait)

    async def play(
        self,
        asset_id: AssetId,
        asking: Callable[[], Awaitable[Principal | None]],
        rendition: str | None = None,
        *,
        version: int | None = None,
    ) -> Played:
        """The asset, if whoever asks may play it and there is something to play. `asking` is called only where the
        asset is not for everybody.

        A `rendition` may be of a `version` that was replaced: its viewers play it to its end, as long as it is kept.
        Raises AssetNotFound, NotPublished, NothingToPlay, NotPlayableYet, AssetFailed.
        """
        asset = await self._titles.asset(asset_id)
        if not policy.is_public(asset):
            check_visible(asset, await asking())
        policy.check_playable(asset)
        if rendition is not None:
            version = layout.rendition_version(RenditionId(rendition))
        if version is not None and 0 < version < asset.version:
            former = await self._titles.former(asset, version)
            if former is not None:
                return Played(asset=asset, title=former, former=True)
        return Played(asset=asset, title=await self._titles.title(asset))

    async def multivariant(self, played: Played) -> RenderedPlaylist:
        title, ready = played.title, played.ready
        revision = played.asset.captions
        key = layout.caption_list(title.plan.asset, revision) if revision else layout.multivariant(title.plan.asset)
        kept = title.playlists.get((key, ready))
        if kept is None:
            measured = await self._titles.measured(title) if ready else None
            captions = await self._titles.captions(played.asset, title)
            uri_of = self._uri_of(layout.media_prefix(title.plan.asset), ready=ready)
            playlist = describe.multivariant(title.plan, measured, captions=captions, uri_of=uri_of)
            kept = title.playlists[key, ready] = rendered(playlist.render())
        return kept

    def media_playlist(self, played: Played, rendition: str) -> RenderedPlaylist:
        """Raises RenditionNotFound."""
        title, ready = played.title, played.ready
        known = _rendition(played, rendition)
        key = layout.media_playlist(title.plan.asset, known)
        kept = title.playlists.get((key, ready))
        if kept is None:
            uri_of = self._uri_of(layout.media_prefix(title.plan.asset, known), ready=ready)
            playlist = describe.media(title.served, known, uri_of=uri_of, ended=not title.growing)
            kept = title.playlists[key, ready] = rendered(playlist.render())
        return kept

    async def iframe_playlist(self, played: Played, rendition: str) -> RenderedPlaylist:
        """Raises RenditionNotFound, NoIFrames."""
        title = played.title
        known = _rendition(played, rendition)
        key = layout.iframe_playlist(title.plan.asset, known)
        kept = title.playlists.get((key, True))
        if kept is None:
            if not played.ready or (title.iframes is not None and known not in title.iframes):
                raise NoIFrames
            measured = await self._titles.measured(title)
            if measured is None:
                raise NoIFrames
            title.iframes = frozenset(name for name, sizes in measured.renditions.items() if sizes.iframes)
            if known not in title.iframes:
                raise NoIFrames
            uri_of = self._uri_of(layout.media_prefix(title.plan.asset, known), ready=True)
            playlist = describe.iframes(title.plan, measured, known, uri_of=uri_of)
            kept = title.playlists[key, True] = rendered(playlist.render())
        return kept

    async def caption_playlist(self, played: Played, rendition: RenditionId) -> RenderedPlaylist:
        """The playlist of captions, of an earlier revision too as long as it is there. Raises RenditionNotFound."""
        try:
            body = await self._store.read(layout.media_playlist(played.asset.id, rendition))
        except ObjectNotFound:
            raise RenditionNotFound from None
        return rendered(body.decode())

    def caption_segment(self, played: Played, rendition: RenditionId, number: int) -> MediaObject:
        return MediaObject(
            played=played,
            key=layout.caption_segment(played.asset.id, rendition, number),
            wanted=None,
            media_type=media_types.VTT,
        )

    async def mpd(self, played: Played, *, license_url: str) -> RenderedPlaylist:
        """`license_url`: where the keys of an encrypted asset are had, as who asks can reach it. Raises NoDash,
        NoMpdYet."""
        title, ready = played.title, played.asset.state is AssetState.READY
        if not title.plan.encryption.has_dash:
            raise NoDash
        if title.growing:
            raise NoMpdYet
        key = f"{layout.mpd(title.plan.asset)}@{played.asset.captions}"
        kept = title.playlists.get((key, ready))
        if kept is None:
            measured = await self._titles.measured(title) if ready else None
            captions = await self._titles.captions(played.asset, title)
            uri_of = self._uri_of(layout.media_prefix(title.plan.asset), ready=ready)
            manifest = describe.mpd(title.plan, measured, captions=captions, uri_of=uri_of, license_url=license_url)
            kept = rendered(manifest.render())
            if title.plan.protection is None:  # else it is another one for everybody who has another address of ours
                title.playlists[key, ready] = kept
        return kept

    def _uri_of(self, prefix: str, *, ready: bool) -> UriOf:
        # A player is never redirected (rule 8.18), so the playlists themselves say where finished media are.
        if ready and self._media_base_url:
            return describe.under(self._media_base_url)
        return describe.beside(prefix)

    def init_section(self, played: Played, rendition: str) -> MediaObject:
        """Raises RenditionNotFound."""
        known = _rendition(played, rendition)
        is_audio = any(track.id == known for track in played.title.served.audio)
        wanted = Wanted(plan=played.title.served, rendition=known, number=None)
        return MediaObject(
            played=played,
            key=wanted.key,
            wanted=wanted,
            media_type=media_types.AUDIO_INIT if is_audio else media_types.VIDEO_INIT,
        )

    async def segment(self, played: Played, rendition: str, number: int) -> MediaObject:
        """Raises RenditionNotFound, SegmentNotFound, NotPlayableYet."""
        known = _rendition(played, rendition)
        if played.title.growing and number >= played.title.segments[known]:
            # Another process may have listed it by now.
            played = replace(played, title=await self._titles.title(played.asset, afresh=True))
        if not 0 <= number < played.title.segments[known]:
            raise SegmentNotFound(f"{known} has the segments 0 to {played.title.segments[known] - 1}.")
        wanted = Wanted(plan=played.title.served, rendition=known, number=number)
        return MediaObject(played=played, key=wanted.key, wanted=wanted, media_type=media_types.SEGMENT)

    async def content_key(self, played: Played, name: KeyName) -> ContentKey:
        """Raises KeyNotFound, KeysUnreadable, NotPlayableYet."""
        if played.title.growing and name.place >= describe.key_count(played.title.served):
            # Another process may have listed it by now.
            played = replace(played, title=await self._titles.title(played.asset, afresh=True))
        plan = played.title.served
        if name.version != plan.version or name.place >= describe.key_count(plan):
            raise KeyNotFound
        try:
            keys = await self._keys.of(plan)
        except KeysMissing:  # deleted as soon as it was asked for
            keys = None
        if keys is None:
            raise KeyNotFound
        return keys.key(name.place)

    async def stat(self, media: MediaObject) -> ObjectStat:
        """Size and tag of the object, once it is there. Raises SegmentPending, AssetFailed."""
        return await self._once_there(media, lambda: self._store.head(media.key))

    async def open(self, media: MediaObject, *, start: int = 0, length: int | None = None) -> ObjectBody:
        """The object or a range of it, once it is there, to be read and closed. Raises SegmentPending, AssetFailed."""

        async def look() -> ObjectBody | None:
            try:
                return await self._store.get(media.key, start=start, length=length)
            except ObjectNotFound:
                return None

        return await self._once_there(media, look)

    async def _once_there(self, media: MediaObject, look: Callable[[], Awaitable[T | None]]) -> T:
        found = await look()
        if media.wanted is None:
            if found is None:
                raise SegmentNotFound
            return found
        if found is not None:
            metrics.AT_ONCE.inc()
            if not media.played.ready or media.wanted.rendition in media.played.title.replaced:
                self._arrivals.look_ahead(media.wanted)
            return found
        if media.played.former and not await self._titles.is_kept(media.played.title):
            raise SegmentNotFound("The version that this is of was replaced a while ago: load the playlists again.")
        if media.played.ready and media.wanted.rendition in media.played.title.replaced:
            plan = media.wanted.plan
            if await self._store.head(layout.gain(plan.asset, plan.version, media.wanted.rendition)) is None:
                raise SegmentNotFound("This sound was made again a while ago: load the playlists again.")
        with metrics.WAIT.time():
            try:
                await self._arrivals.wait(media.wanted)
            except SegmentPending:
                metrics.NOT_YET.inc()
                raise
        found = await look()
        if found is None:  # deleted as soon as it was there
            raise SegmentNotFound
        metrics.WAITED.inc()
        return found


def _rendition(played: Played, name: str) -> RenditionId:
    known, title = RenditionId(name), played.title
    if known not in title.segments or (played.ready and known in title.dropped):
        raise RenditionNotFound
    return known
