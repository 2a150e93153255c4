"""Playback over real servers: a catalogue in SQLite, Valkey, an S3 server; the job engine alone is in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from infra.memory import MemoryEngine
from infra.redis_cache import RedisCache
from infra.s3 import S3Store
from infra.sql import metadata, open_engine
from manifests import layout, media_types
from manifests.layout import AssetId, RenditionId
from streaming.catalog.service import Catalogue
from streaming.http.auth import Principal, Role
from streaming.http.cors import Cors
from streaming.http.problem import ApiError, problem_response
from streaming.playback import keys, licenses
from streaming.playback.api import routes
from streaming.playback.service import Playback
from transcoder import signals
from transcoder.demand import Demand
from transcoder.encryption.key_store import KeyStore
from transcoder.plan import AAC_FRAME, AudioPlan, Plan, Protection, SourceRef, VideoPlan, VideoRung
from transcoder.plan import dump as dump_plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

VIDEO = RenditionId("v360-1")
AUDIO = RenditionId("a1-1")


def make_plan(asset: AssetId) -> Plan:
    """Ten seconds of 25 frames/s in three segments, with one audio track."""
    rung = VideoRung(
        id=VIDEO, width=640, height=360, divisor=1, crf=22, average=243_000, maxrate=365_000, bufsize=730_000,
        profile="high", level="3.0", codecs="avc1.64001e", bandwidth=400_000,
    )  # fmt: skip
    video = VideoPlan(
        stream=0, rate=Fraction(25), frames=250, gop=50, segment=100, time_base=Fraction(1, 25), origin=0,
        starts=(0, 100, 200), constant=True, interlaced=False, hdr=None, rotation=0, mirrored=False, width=640,
        height=360, rungs=(rung,),
    )  # fmt: skip
    audio = AudioPlan(
        id=AUDIO, stream=1, time_base=Fraction(1, 48000), origin=0, sample_rate=48000, channels=2,
        samples=469 * AAC_FRAME, cuts=(0, 188, 376, 469), bitrate=128_000, codecs="mp4a.40.2", language="en",
        name="English", default=True,
    )  # fmt: skip
    source = SourceRef(key=layout.source(asset, 1), size=1000, demuxer="mov")
    return Plan(asset=asset, version=1, source=source, video=video, audio=(audio,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """All that a test needs to bring an asset to some point and look at it from outside."""

    store: S3Store
    cache: RedisCache
    catalogue: Catalogue
    engine: MemoryEngine

    async def asset(self) -> AssetId:
        return (await self.catalogue.create(titles={"en": "A final"}, created_by="test")).id

    async def playable(self, *, published: bool = True, protection: Protection | None = None) -> Plan:
        """An asset with a plan, none of whose objects exist; with keys if it is protected."""
        asset = await self.asset()
        version = await self.catalogue.begin_upload(asset)
        await self.catalogue.source_arrived(asset, version=version, size=1000, filename="final.mp4")
        plan = replace(make_plan(asset), protection=protection)
        if protection is not None:
            await KeyStore(self.store).make(asset, version)
        await self.store.put(layout.plan(asset, version), dump_plan(plan), content_type="application/json")
        await self.catalogue.playable(asset, plan)
        if published:
            await self.catalogue.publish(asset)
        await self.engine.cancel(asset)
        return plan

    async def land(self, plan: Plan, rendition: RenditionId, number: int | None, body: bytes) -> None:
        """Put an object and say so, as a worker does."""
        key = layout.init(plan.asset, rendition)
        if number is not None:
            key = layout.segment(plan.asset, rendition, number)
        await self.store.put(key, body, content_type=media_types.SEGMENT)
        signal = signals.Signal(
            what="segment", asset=plan.asset, version=plan.version, rendition=rendition, number=number
        )
        await self.cache.publish(signals.asset_channel(plan.asset), signals.dump(signal))


@pytest.fixture
async def stage(store: S3Store, cache: RedisCache, tmp_path: Path) -> AsyncIterator[Stage]:
    sql = open_engine(f"sqlite:///{tmp_path / 'catalogue.db'}")
    async with sql.begin() as connection:
        await connection.run_sync(metadata.create_all)
    engine = MemoryEngine()
    catalogue = Catalogue(sql=sql, cache=cache, jobs=engine)
    yield Stage(store=store, cache=cache, catalogue=catalogue, engine=engine)
    await sql.dispose()


class Tokens:
    """Two tokens that are always valid."""

    async def by_token(self, token: str) -> Principal | None:
        roles = {"editor": Role.EDITOR, "viewers": Role.VIEWER_SERVICE}
        return Principal(role=roles[token], name=token, token_id=token) if token in roles else None

    async def by_cookie(self, cookie: str) -> Principal | None:
        return None


def make_app(playback: Playback, *, public_url: str = "") -> Starlette:
    async def problem(_: object, error: Exception):
        assert isinstance(error, ApiError)
        return problem_response(error)

    app = Starlette(
        routes=[*keys.routes(playback), *licenses.routes(playback), *routes(playback, public_url=public_url)],
        middleware=[Middleware(Cors)],
        exception_handlers={ApiError: problem},
    )
    app.state.authenticator = Tokens()
    return app


@pytest.fixture
def make_playback(stage: Stage) -> Callable[..., Playback]:
    """`make_playback(segment_wait_s=…, media_base_url=…)`: the service, as one process has it."""

    def make(*, segment_wait_s: float = 20, media_base_url: str = "") -> Playback:
        return Playback(
            store=stage.store, cache=stage.cache, assets=stage.catalogue,
            demand=Demand(cache=stage.cache, jobs=stage.engine), keys=KeyStore(stage.store),
            media_base_url=media_base_url, segment_wait=timedelta(seconds=segment_wait_s),
        )  # fmt: skip

    return make


@pytest.fixture
def app(make_playback: Callable[..., Playback]) -> Starlette:
    return make_app(make_playback())


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
        yield client


@pytest.fixture
async def open_client(make_playback: Callable[..., Playback]) -> AsyncIterator[Callable[..., httpx.AsyncClient]]:
    """A client of a process with other settings."""
    opened: list[httpx.AsyncClient] = []

    def open_one(**settings: object) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(make_app(make_playback(**settings)))
        opened.append(httpx.AsyncClient(transport=transport, base_url="http://api"))
        return opened[-1]

    yield open_one
    for client in opened:
        await client.aclose()


@pytest.fixture
def some_plan() -> Plan:
    return make_plan(AssetId("asset"))
