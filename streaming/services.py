"""Every service of an API process, put together in one place."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from infra.jobs import StreaqEngine
from infra.ports import Cache, JobEngine, MultipartStore, ObjectStore
from infra.redis_cache import RedisCache
from infra.s3 import S3Store
from infra.sql import open_engine
from streaming.captions.keeper import Keeper
from streaming.captions.publisher import Publisher
from streaming.captions.service import Captions
from streaming.catalog.progress import ProgressEvents
from streaming.catalog.reconciler import Reconciler
from streaming.catalog.service import Catalogue
from streaming.clips.service import Clips
from streaming.clock import Clock, utc_now
from streaming.live.channels.service import Channels
from streaming.live.clips.service import LiveClips
from streaming.live.ingest.gate import Gate
from streaming.live.keys.service import StreamKeys
from streaming.live.recordings.events import LiveEvents
from streaming.live.recordings.keeper import RecordingKeeper
from streaming.live.recordings.recorder import Recorder
from streaming.live.timeline.service import Timelines
from streaming.live.viewing.archive import Archive
from streaming.live.viewing.bodies import Bodies
from streaming.live.viewing.doors import Doors
from streaming.live.viewing.follower import Followers
from streaming.live.viewing.service import Viewing, now_ms
from streaming.live.watching.listing import Listing
from streaming.playback.recorded import TakenAtOnce
from streaming.playback.service import Playback
from streaming.profiles.folder import ProfileFolder
from streaming.sessions.identity import Identity, keep_secret
from streaming.sessions.ledger import Ledger
from streaming.sessions.rollup import Rollup
from streaming.sessions.service import Sessions
from streaming.settings import ServiceSettings
from streaming.tokens.service import Tokens
from streaming.upload.service import Uploads
from transcoder.demand import Demand
from transcoder.encryption.key_store import KeyStore
from transcoder.progress import ProgressBoard


@dataclass(frozen=True, slots=True, kw_only=True)
class Infrastructure:
    """The servers that an API process works with, as ports."""

    store: ObjectStore
    multipart: MultipartStore
    cache: Cache
    jobs: JobEngine
    sql: AsyncEngine


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the routes are given. `infra` is theirs to share, and closed by whoever made it."""

    settings: ServiceSettings
    infra: Infrastructure
    clock: Clock
    tokens: Tokens
    stream_keys: StreamKeys
    gate: Gate
    catalogue: Catalogue
    progress: ProgressEvents
    profiles: ProfileFolder
    uploads: Uploads
    playback: Playback
    sessions: Sessions
    rollup: Rollup
    reconciler: Reconciler
    captions: Captions
    clips: Clips
    channels: Channels
    live_clips: LiveClips
    followers: Followers
    viewing: Viewing
    doors: Doors
    timelines: Timelines
    listing: Listing
    caption_publisher: Publisher
    caption_keeper: Keeper
    recording_keeper: RecordingKeeper
    live_events: LiveEvents


def connect(settings: ServiceSettings, *, store: S3Store | None = None) -> tuple[Infrastructure, Closing]:
    """The adapters that the settings name, and how to close them; nothing is connected until it is used."""
    store = store or S3Store(settings.infra.s3)
    cache = RedisCache(settings.infra.redis_url)
    jobs = StreaqEngine(settings.infra.redis_url)
    sql = open_engine(settings.infra.database_url)
    return Infrastructure(store=store, multipart=store, cache=cache, jobs=jobs, sql=sql), Closing(
        store=store, cache=cache, jobs=jobs, sql=sql
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Closes what `connect` opened."""

    store: S3Store
    cache: RedisCache
    jobs: StreaqEngine
    sql: AsyncEngine

    async def __call__(self) -> None:
        await self.jobs.close()
        await self.cache.aclose()
        await self.sql.dispose()
        await self.store.aclose()


def assemble(settings: ServiceSettings, infra: Infrastructure, *, clock: Clock = utc_now) -> Services:
    """All services over one set of servers."""
    store, cache, jobs, sql = infra.store, infra.cache, infra.jobs, infra.sql
    secret = settings.sessions.secret.encode() or keep_secret(settings.infra.home / "session.secret")
    catalogue = Catalogue(sql=sql, cache=cache, jobs=jobs, clock=clock)
    profiles = ProfileFolder(settings.profiles_folder)
    keys = KeyStore(store, settings.encryption.wrapping())
    uploads = Uploads(
        settings=settings.upload,
        sql=sql,
        store=store,
        multipart=infra.multipart,
        cache=cache,
        catalogue=catalogue,
        profiles=profiles,
        keys=keys,
        clock=clock,
    )
    board = ProgressBoard(store=store, cache=cache)
    at_once = TakenAtOnce(Demand(cache=cache, jobs=jobs), store=store, cache=cache, board=board)
    ledger = Ledger(sql)
    sessions = Sessions(cache=cache, ledger=ledger, settings=settings.sessions, identity=Identity(secret))
    captions = Captions(sql=sql, clock=clock)
    stream_keys = StreamKeys(sql=sql, clock=clock, srt_ports=settings.ingest.srt.pool)
    channels = Channels(sql=sql, cache=cache, clock=clock)
    timelines = Timelines(sql=sql, cache=cache, classes=settings.timeline_class, clock=clock)
    doors = Doors(channels)
    followers = Followers(cache, Archive(doors, timelines, store))
    bodies = Bodies(cache=cache, store=store)
    events = LiveEvents(sql)
    publisher = Publisher(store=store, cache=cache, catalogue=catalogue, captions=captions, clock=clock)
    return Services(
        settings=settings,
        infra=infra,
        clock=clock,
        tokens=Tokens(sql=sql, clock=clock),
        stream_keys=stream_keys,
        gate=Gate(stream_keys),
        catalogue=catalogue,
        progress=ProgressEvents(catalogue=catalogue, cache=cache, board=board, arriving=uploads.progress),
        profiles=profiles,
        uploads=uploads,
        playback=Playback(
            store=store,
            cache=cache,
            assets=catalogue,
            demand=at_once,
            keys=keys,
            media_base_url=settings.media_base_url,
            segment_wait=settings.segment_wait,
        ),
        sessions=sessions,
        rollup=Rollup(cache=cache, ledger=ledger, settings=settings.sessions),
        captions=captions,
        clips=Clips(catalogue=catalogue, store=store, captions=captions, keys=keys),
        channels=channels,
        live_clips=LiveClips(
            channels=channels,
            followers=followers,
            bodies=bodies,
            store=store,
            at_once=at_once,
            catalogue=catalogue,
            profiles=profiles,
            keys=keys,
        ),
        followers=followers,
        viewing=Viewing(followers, bodies, clock=now_ms),
        doors=doors,
        timelines=timelines,
        listing=Listing(channels, sessions, clock=clock),
        caption_publisher=publisher,
        caption_keeper=Keeper(store=store, cache=cache, jobs=jobs, captions=captions, publisher=publisher),
        live_events=events,
        recording_keeper=RecordingKeeper(
            events=events,
            store=store,
            cache=cache,
            clock=clock,
            recorder=Recorder(catalogue=catalogue, store=store, profiles=profiles, keys=keys),
        ),
        reconciler=Reconciler(
            store=store, cache=cache, jobs=jobs, catalogue=catalogue, former_kept=settings.former_kept, clock=clock
        ),
    )
