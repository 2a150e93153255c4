"""Captions: what editors do with them. Every change is one transaction on the asset's locked list."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select, update

from infra.sql import reading, transaction
from manifests.layout import AssetId, RenditionId, is_name
from streaming.captions.errors import CaptionConflict, CaptionTrackNotFound, TooManyCaptions
from streaming.captions.model import Kind, Naming, Text, Track, TrackList, Trim, trimmed
from streaming.captions.rows import (
    TRACK_COLUMNS,
    cue_columns,
    cues_of,
    list_of,
    naming_columns,
    text_columns,
    texts,
)
from streaming.captions.tables import caption_leftovers, caption_lists, caption_tracks
from streaming.catalog.errors import AssetNotFound
from streaming.catalog.model import VIEWABLE
from streaming.catalog.tables import assets
from streaming.clock import utc_now
from streaming.http.caching import if_match

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, ScalarSelect
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from manifests.captions.model import Cue
    from streaming.clock import Clock
    from transcoder.captions.found import FoundCaptions

MAX_TRACKS: Final = 100
"""Tracks of one asset: three kinds in thirty languages."""

_VIEWABLE: Final = sorted(state.value for state in VIEWABLE)
_EMPTY: Final[Mapping[str, Any]] = {
    "revision": 0, "last_track": 0, "found": 0, "notes": "[]", "published": 0, "version": 0, "length": 0,
}  # fmt: skip


class Captions:
    """Captions in SQL, for any number of processes. Raises AssetNotFound for ids that are unknown or deleted, and
    DatabaseUnavailable."""

    def __init__(self, *, sql: AsyncEngine, clock: Clock = utc_now) -> None:
        self._sql = sql
        self._clock = clock

    async def tracks(self, asset_id: AssetId) -> TrackList:
        async with reading(self._sql) as connection:
            await _check_asset(connection, asset_id)
            return await _read(connection, asset_id)

    async def cues(self, asset_id: AssetId, track_id: str) -> tuple[TrackList, Track, tuple[Cue, ...]]:
        """A track with its cues, and the list that it is on, as of one moment. Raises CaptionTrackNotFound."""
        async with reading(self._sql) as connection:
            await _check_asset(connection, asset_id)
            tracks = await _read(connection, asset_id)
            track = _existing(tracks, track_id)
            query = select(caption_tracks.c.cues).where(*_is(asset_id, track.number))
            return tracks, track, cues_of((await connection.execute(query)).scalar_one())

    async def add(self, asset_id: AssetId, naming: Naming, text: Text, *, by: str) -> tuple[TrackList, Track]:
        """A new track. Raises TooManyCaptions."""
        async with self._changing(asset_id) as (connection, tracks):
            number = await self._insert(connection, tracks, naming, text, by=by)
            changed = await _read(connection, asset_id)
        return changed, _existing(changed, f"t{number}")

    async def replace(
        self, asset_id: AssetId, track_id: str, text: Text, *, by: str, if_matches: str | None
    ) -> tuple[TrackList, Track]:
        """Other cues for a track. One that came from the source is the editor's from now on, and stays when the source
        is replaced. `if_matches`: the request's If-Match. Raises CaptionTrackNotFound, CaptionConflict."""
        async with self._changing(asset_id) as (connection, tracks):
            track = _matching(tracks, track_id, if_matches)
            await self._leave(connection, tracks, track)
            values = {**text_columns(text), "version": None, "rendition": tracks.revision + 1}
            # `timed` stays: who saves has read what was there, or else is told that it has changed meanwhile.
            changed = await self._update(connection, tracks, track, values, by=by)
        return changed, _existing(changed, track_id)

    async def rename(
        self, asset_id: AssetId, track_id: str, naming: Naming, *, by: str, if_matches: str | None
    ) -> tuple[TrackList, Track]:
        """Offer a track in another way. Raises CaptionTrackNotFound, CaptionConflict."""
        async with self._changing(asset_id) as (connection, tracks):
            track = _matching(tracks, track_id, if_matches)
            if naming == track.naming:
                return tracks, track
            await self._only_default(connection, tracks, naming)
            changed = await self._update(connection, tracks, track, naming_columns(naming), by=by)
        return changed, _existing(changed, track_id)

    async def remove(self, asset_id: AssetId, track_id: str, *, if_matches: str | None) -> TrackList:
        """Take a track away. Raises CaptionTrackNotFound, CaptionConflict."""
        async with self._changing(asset_id) as (connection, tracks):
            track = _matching(tracks, track_id, if_matches)
            await self._leave(connection, tracks, track)
            await connection.execute(delete(caption_tracks).where(*_is(asset_id, track.number)))
            await _set(connection, asset_id, revision=tracks.revision + 1)
            return await _read(connection, asset_id)

    async def fold(self, asset_id: AssetId, version: int, found: FoundCaptions) -> TrackList:
        """Take over what is inside a source; those of an earlier source went with it. Once for each version."""
        async with self._changing(asset_id) as (connection, tracks):
            if tracks.found >= version:
                return tracks
            notes = texts(found.notes)
            # The list is the same where nothing was found: there is nothing to publish.
            revision = tracks.revision + bool(found.tracks)
            await _set(connection, asset_id, found=version, notes=notes, revision=revision)
            has_default = any(track.naming.default for track in tracks.tracks)
            for each in found.tracks[: MAX_TRACKS - len(tracks.tracks)]:
                naming = Naming(
                    language=each.language,
                    name=each.name,
                    kind=Kind(each.kind),
                    default=each.default and not has_default,
                )
                tracks = await _read(connection, asset_id)
                text = Text(cues=each.cues, format=each.format, warnings=each.warnings)
                await self._insert(connection, tracks, naming, text, by="", version=version)
            return await _read(connection, asset_id)

    # --- publishing -------------------------------------------------------------------------------------------------

    async def prepare(
        self, asset_id: AssetId, *, version: int, length: int, trims: Sequence[Trim] = ()
    ) -> tuple[TrackList, dict[int, tuple[Cue, ...]]]:
        """The list to be published beside a version of the source, `length` ms long; cues by the tracks' numbers.

        Tracks that were published for another length get new names, for a URL never changes what it holds; those of an
        earlier source go. Editors' own are cut as the source was by `trims` (oldest first), and go if nothing is left.
        """
        async with self._changing(asset_id) as (connection, tracks):
            cues = await _cues(connection, asset_id)
            stale = [track for track in tracks.tracks if track.version is not None and track.version < version]
            others = [track for track in tracks.tracks if track not in stale]
            shifted = {track.number: trimmed(cues[track.number], track.timed, trims) for track in others}
            moved = [track for track in others if shifted[track.number] != cues[track.number]]
            empty = [track for track in moved if not shifted[track.number]]
            renamed = others if tracks.published and tracks.length != length else moved
            gone, revision = [*stale, *empty], tracks.revision + 1
            for track in dict.fromkeys((*gone, *renamed)):
                await self._leave(connection, tracks, track)
            for track in gone:
                await connection.execute(delete(caption_tracks).where(*_is(asset_id, track.number)))
            for track in renamed:
                values: dict[str, Any] = {"rendition": revision}
                if track in moved:
                    # An editor who has read the old times is not to save them over the new ones.
                    values |= {"revision": revision, **cue_columns(shifted[track.number])}
                await connection.execute(update(caption_tracks).where(*_is(asset_id, track.number)).values(values))
            mine = (caption_tracks.c.asset == asset_id, caption_tracks.c.timed < version)
            await connection.execute(update(caption_tracks).where(*mine).values(timed=version))
            await _set(connection, asset_id, revision=revision if gone or renamed else tracks.revision, length=length)
            return await _read(connection, asset_id), await _cues(connection, asset_id)

    async def published(self, tracks: TrackList, *, version: int) -> bool:
        """Viewers see this revision of the list; whether it is the latest."""
        async with self._changing(tracks.asset) as (connection, now):
            if now.published <= tracks.revision:
                await _set(connection, tracks.asset, published=tracks.revision, version=version)
                # Not an edit of the asset: its revision stays.
                seen = update(assets).where(assets.c.id == tracks.asset, assets.c.captions < tracks.revision)
                await connection.execute(seen.values(captions=tracks.revision))
            return now.revision == tracks.revision

    async def waiting(self) -> list[AssetId]:
        """Assets that can be played, whose list is not published as it is, or not beside their present source."""
        behind = (caption_lists.c.published < caption_lists.c.revision) | (caption_lists.c.version != assets.c.version)
        query = (
            select(assets.c.id)
            .join(caption_lists, caption_lists.c.asset == assets.c.id)
            .where(behind, caption_lists.c.revision > 0, assets.c.state.in_(_VIEWABLE), assets.c.deleted_at.is_(None))
        )
        async with reading(self._sql) as connection:
            return [AssetId(row.id) for row in await connection.execute(query)]

    async def unsearched(self) -> list[tuple[AssetId, int, str]]:
        """Assets that can be played and in whose source nobody has looked for captions: id, version, owner."""
        lacking = caption_lists.c.found.is_(None) | (caption_lists.c.found < assets.c.version)
        query = (
            select(assets.c.id, assets.c.version, assets.c.created_by)
            .outerjoin(caption_lists, caption_lists.c.asset == assets.c.id)
            .where(lacking, assets.c.state.in_(_VIEWABLE), assets.c.deleted_at.is_(None))
        )
        async with reading(self._sql) as connection:
            return [(AssetId(row.id), row.version, row.created_by) for row in await connection.execute(query)]

    async def leftovers(self, before: datetime) -> list[tuple[AssetId, RenditionId]]:
        """Renditions that no list has named since before then."""
        query = select(caption_leftovers).where(caption_leftovers.c.since < before)
        async with reading(self._sql) as connection:
            return [(AssetId(row.asset), RenditionId(row.rendition)) for row in await connection.execute(query)]

    async def swept(self, asset_id: AssetId, rendition: RenditionId) -> None:
        """Nothing of a rendition is left in the bucket."""
        mine = (caption_leftovers.c.asset == asset_id, caption_leftovers.c.rendition == rendition)
        async with transaction(self._sql) as connection:
            await connection.execute(delete(caption_leftovers).where(*mine))

    # --- rows -------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _changing(self, asset_id: AssetId) -> AsyncIterator[tuple[AsyncConnection, TrackList]]:
        """The list, ours until the transaction ends."""
        async with transaction(self._sql) as connection:
            await _check_asset(connection, asset_id, lock=True)
            mine = select(caption_lists.c.asset).where(caption_lists.c.asset == asset_id)
            if (await connection.execute(mine)).one_or_none() is None:
                await connection.execute(insert(caption_lists).values(asset=asset_id, **_EMPTY))
            yield connection, await _read(connection, asset_id)

    async def _insert(
        self, connection: AsyncConnection, tracks: TrackList, naming: Naming, text: Text, *, by: str,
        version: int | None = None,
    ) -> int:  # fmt: skip
        if len(tracks.tracks) >= MAX_TRACKS:
            raise TooManyCaptions
        mine = caption_lists.c.asset == tracks.asset
        number: int = 1 + (await connection.execute(select(caption_lists.c.last_track).where(mine))).scalar_one()
        revision = tracks.revision + 1
        await self._only_default(connection, tracks, naming)
        await connection.execute(
            insert(caption_tracks).values(
                asset=tracks.asset, number=number, revision=revision, rendition=revision, version=version,
                timed=_played(tracks.asset) if version is None else version,
                edited_by=by, edited_at=self._clock(), **naming_columns(naming), **text_columns(text),
            )
        )  # fmt: skip
        await _set(connection, tracks.asset, revision=revision, last_track=number)
        return number

    async def _update(
        self, connection: AsyncConnection, tracks: TrackList, track: Track, values: dict[str, Any], *, by: str
    ) -> TrackList:
        edited = {"revision": tracks.revision + 1, "edited_by": by, "edited_at": self._clock()}
        mine = _is(tracks.asset, track.number)
        await connection.execute(update(caption_tracks).where(*mine).values({**values, **edited}))
        await _set(connection, tracks.asset, revision=tracks.revision + 1)
        return await _read(connection, tracks.asset)

    async def _only_default(self, connection: AsyncConnection, tracks: TrackList, naming: Naming) -> None:
        if naming.default:
            others = (caption_tracks.c.asset == tracks.asset, caption_tracks.c.is_default)
            await connection.execute(update(caption_tracks).where(*others).values(is_default=False))

    async def _leave(self, connection: AsyncConnection, tracks: TrackList, track: Track) -> None:
        """Viewers may still play what the track was until now: it is swept later."""
        values = {"asset": tracks.asset, "rendition": track.rendition_id, "since": self._clock()}
        await connection.execute(insert(caption_leftovers).values(values))


def _is(asset_id: AssetId, number: int) -> tuple[ColumnElement[bool], ...]:
    return caption_tracks.c.asset == asset_id, caption_tracks.c.number == number


def _existing(tracks: TrackList, track_id: str) -> Track:
    track = tracks.track(track_id)
    if track is None:
        raise CaptionTrackNotFound
    return track


def _matching(tracks: TrackList, track_id: str, if_matches: str | None) -> Track:
    track = _existing(tracks, track_id)
    if not if_match(if_matches, track.etag):
        raise CaptionConflict(track)
    return track


async def _check_asset(connection: AsyncConnection, asset_id: AssetId, *, lock: bool = False) -> None:
    # What can be no id never reaches the database: it might hold bytes that PostgreSQL refuses.
    if not is_name(asset_id):
        raise AssetNotFound
    query = select(assets.c.id).where(assets.c.id == asset_id, assets.c.deleted_at.is_(None))
    if (await connection.execute(query.with_for_update() if lock else query)).one_or_none() is None:
        raise AssetNotFound


async def _read(connection: AsyncConnection, asset_id: AssetId) -> TrackList:
    row = (await connection.execute(select(caption_lists).where(caption_lists.c.asset == asset_id))).one_or_none()
    mine = select(*TRACK_COLUMNS).where(caption_tracks.c.asset == asset_id).order_by(caption_tracks.c.number)
    return list_of(asset_id, row, await connection.execute(mine))


async def _cues(connection: AsyncConnection, asset_id: AssetId) -> dict[int, tuple[Cue, ...]]:
    """All cues of an asset by the numbers of their tracks."""
    columns = (caption_tracks.c.number, caption_tracks.c.cues)
    rows = await connection.execute(select(*columns).where(caption_tracks.c.asset == asset_id))
    return {row.number: cues_of(row.cues) for row in rows}


def _played(asset_id: AssetId) -> ScalarSelect[int]:
    """The version of the source that editors see."""
    return select(assets.c.version).where(assets.c.id == asset_id).scalar_subquery()


async def _set(connection: AsyncConnection, asset_id: AssetId, **values: Any) -> None:
    await connection.execute(update(caption_lists).where(caption_lists.c.asset == asset_id).values(values))
