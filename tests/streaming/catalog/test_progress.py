from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn

from manifests import layout
from manifests.layout import AssetId, RenditionId
from streaming.catalog.progress import ProgressEvents
from streaming.http.auth import Role
from transcoder.facts import write_plan
from transcoder.plan import AudioPlan, Plan, SourceRef
from transcoder.progress import ProgressBoard
from transcoder.publish import put_once
from transcoder.signals import Signal, asset_channel, dump

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from starlette.applications import Starlette

    from streaming.catalog.model import Asset
    from streaming.services import Services


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
def services(services: Services) -> Services:
    """With a heartbeat that a test can wait for."""
    events = ProgressEvents(
        catalogue=services.catalogue, cache=services.infra.cache, arriving=services.uploads.progress,
        board=ProgressBoard(store=services.infra.store, cache=services.infra.cache),
        beat=timedelta(milliseconds=50),
    )  # fmt: skip
    return replace(services, progress=events)


@pytest.fixture
async def web() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        yield client


def plan_of(asset: AssetId) -> Plan:
    """Sound in three segments."""
    track = AudioPlan(
        id=RenditionId("a1-1"), stream=0, time_base=Fraction(1, 48000), origin=0, sample_rate=48000, channels=2,
        samples=288_000, cuts=(0, 94, 188, 282), bitrate=128000, codecs="mp4a.40.2", language="en", name="English",
        default=True,
    )  # fmt: skip
    return Plan(
        asset=asset, version=1, source=SourceRef(key=layout.source(asset, 1), size=5, demuxer="mov"), video=None,
        audio=(track,),
    )  # fmt: skip


class Listener:
    """Reads events off a stream."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self) -> dict[str, Any]:
        """The next event's fields, `data` decoded; comments and empty events are passed over."""
        event: dict[str, Any] = {}
        async with asyncio.timeout(60):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if line == "" and "data" in event:
                    return event
                if name in {"event", "id", "data"}:
                    event[name] = json.loads(value) if name == "data" else value
        raise EOFError


@pytest.fixture
async def server(app: Starlette, eventually: Callable[..., Awaitable[None]]) -> AsyncIterator[str]:
    """The API on a port: an event stream needs a connection that can be cut."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


async def published(services: Services) -> Asset:
    asset = await services.catalogue.create(titles={"en": "Final"}, created_by="ann")
    return await services.catalogue.publish(asset.id)


async def land(services: Services, plan: Plan, number: int | None) -> None:
    key = layout.init(plan.asset, RenditionId("a1-1")) if number is None else layout.segment(
        plan.asset, RenditionId("a1-1"), number
    )  # fmt: skip
    await put_once(services.infra.store, key, b"x", content_type="video/mp4")
    board = ProgressBoard(store=services.infra.store, cache=services.infra.cache)
    await board.landed(plan, RenditionId("a1-1"), number)
    signal = Signal(what="segment", asset=plan.asset, version=1, rendition=RenditionId("a1-1"), number=number)
    await services.infra.cache.publish(asset_channel(plan.asset), dump(signal))


async def test_a_watcher_hears_the_whole_life(server: str, services: Services, web: httpx.AsyncClient) -> None:
    asset = await published(services)
    plan = plan_of(asset.id)
    async with web.stream("GET", f"{server}/api/assets/{asset.id}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["access-control-allow-origin"] == "*"
        events = Listener(answer.aiter_lines())
        first = await events.next()
        assert (first["event"], first["data"]["state"], first["data"]["percent"]) == ("progress", "created", 0)
        version = await services.catalogue.begin_upload(asset.id)
        assert (await events.next())["data"]["state"] == "uploading"
        await services.catalogue.source_arrived(asset.id, version=version, size=5, filename="a.mp4")
        assert (await events.next())["data"]["state"] == "indexing"
        await write_plan(services.infra.store, plan)
        await services.catalogue.playable(asset.id, plan)
        playable = (await events.next())["data"]
        assert (playable["playable"], playable["percent"], playable["eta_s"]) == (True, 0, None)
        await land(services, plan, None)  # an init section is no work
        for number, percent, foretold in ((0, 33, False), (1, 66, True), (2, 99, True)):
            await land(services, plan, number)
            told = (await events.next())["data"]
            assert (told["percent"], told["eta_s"] is not None) == (percent, foretold)
        await services.catalogue.ready(asset.id)
        last = await events.next()
        assert (last["data"]["state"], last["data"]["percent"], last["data"]["eta_s"]) == ("ready", 100, 0)
        with pytest.raises(EOFError):
            await events.next()
    again = await web.get(f"{server}/api/assets/{asset.id}/events", headers={"Last-Event-ID": last["id"]})
    assert again.status_code == 204


async def test_who_comes_back_hears_only_news(server: str, services: Services, web: httpx.AsyncClient) -> None:
    asset = await published(services)
    path = f"{server}/api/assets/{asset.id}/events"
    async with web.stream("GET", path) as answer:
        known = (await Listener(answer.aiter_lines()).next())["id"]
    async with web.stream("GET", path, headers={"Last-Event-ID": known}) as answer:
        events = Listener(answer.aiter_lines())
        await services.catalogue.begin_upload(asset.id)
        assert (await events.next())["data"]["state"] == "uploading"


async def test_a_deletion_ends_the_stream(server: str, services: Services, web: httpx.AsyncClient) -> None:
    asset = await published(services)
    async with web.stream("GET", f"{server}/api/assets/{asset.id}/events") as answer:
        events = Listener(answer.aiter_lines())
        await events.next()
        await services.catalogue.delete(asset.id)
        assert (await events.next())["event"] == "gone"
        with pytest.raises(EOFError):
            await events.next()


async def test_the_public_loses_what_is_unpublished(
    server: str, services: Services, web: httpx.AsyncClient, bearer: Callable[[Role], Awaitable[dict[str, str]]]
) -> None:
    asset = await published(services)
    path = f"{server}/api/assets/{asset.id}/events"
    async with (
        web.stream("GET", path) as public,
        web.stream("GET", path, headers=await bearer(Role.EDITOR)) as studio,
    ):
        outside, inside = Listener(public.aiter_lines()), Listener(studio.aiter_lines())
        await outside.next()
        await inside.next()
        await services.catalogue.unpublish(asset.id)
        assert (await outside.next())["data"] == {"id": asset.id, "code": "not_published"}
        assert (await inside.next())["data"]["editorial"] == "unpublished"
    assert (await web.get(path)).status_code == 403


@pytest.mark.parametrize("published_too", [False, True])
async def test_a_token_that_is_revoked_ends_its_streams(
    server: str, services: Services, web: httpx.AsyncClient, published_too: bool
) -> None:
    asset = await services.catalogue.create(titles={"en": "Draft"}, created_by="ann")
    if published_too:
        await services.catalogue.publish(asset.id)
    made = await services.tokens.create(role=Role.EDITOR, name="Ann")
    headers = {"Authorization": f"Bearer {made.secret}"}
    async with web.stream("GET", f"{server}/api/assets/{asset.id}/events", headers=headers) as answer:
        events = Listener(answer.aiter_lines())
        await events.next()
        await services.tokens.revoke(made.token.id)
        assert (await events.next())["data"] == {"id": asset.id, "code": "invalid_token"}
        with pytest.raises(EOFError):
            await events.next()


async def test_editors_hear_why_it_failed(
    services: Services,
    bearer: Callable[[Role], Awaitable[dict[str, str]]],
    client: httpx.AsyncClient,
) -> None:
    asset = await published(services)
    version = await services.catalogue.begin_upload(asset.id)
    await services.catalogue.source_arrived(asset.id, version=version, size=5, filename="a.txt")
    await services.catalogue.failed(asset.id, "not_media", "This is a text file.", "sniffed text/plain")
    path = f"/api/assets/{asset.id}/events"
    inside = (await client.get(path, headers=await bearer(Role.EDITOR))).text
    assert '"failure":{"code":"not_media","message":"This is a text file."}' in inside
    outside = (await client.get(path)).text
    assert '"state":"failed"' in outside
    assert "text file" not in outside


async def test_editors_hear_how_far_a_replacement_is_and_the_public_nothing(
    server: str, services: Services, web: httpx.AsyncClient, bearer: Callable[[Role], Awaitable[dict[str, str]]]
) -> None:
    asset = await published(services)
    await services.catalogue.begin_upload(asset.id)
    await services.catalogue.source_arrived(asset.id, version=1, size=5, filename="a.mp4")
    await services.catalogue.playable(asset.id, plan_of(asset.id))
    await services.catalogue.ready(asset.id)
    path = f"{server}/api/assets/{asset.id}/events"
    version = await services.catalogue.begin_upload(asset.id)
    async with web.stream("GET", path, headers=await bearer(Role.EDITOR)) as answer:
        events = Listener(answer.aiter_lines())
        told = (await events.next())["data"]
        assert (told["state"], told["percent"]) == ("ready", 100)
        assert (told["replacement"]["state"], told["replacement"]["version"]) == ("uploading", 2)
        await services.catalogue.source_arrived(asset.id, version=version, size=5, filename="b.mp4")
        assert (await events.next())["data"]["replacement"]["state"] == "indexing"
        track = replace(plan_of(asset.id).audio[0], id=RenditionId("a1-2"))
        plan = replace(plan_of(asset.id), version=2, audio=(track,))
        await write_plan(services.infra.store, plan)
        await services.catalogue.replacement_planned(asset.id, plan)
        assert (await events.next())["data"]["replacement"]["state"] == "playable"
        await services.catalogue.replaced(asset.id, plan)
        last = (await events.next())["data"]
        assert (last["state"], last["replacement"]) == ("ready", None)
        with pytest.raises(EOFError):
            await events.next()
    await services.catalogue.begin_upload(asset.id)
    outside = (await web.get(path)).text  # it ends: for the public nothing happens
    assert '"replacement":null' in outside


async def test_a_stopping_server_ends_its_streams(
    server: str, services: Services, app: Starlette, web: httpx.AsyncClient
) -> None:
    asset = await published(services)
    async with web.stream("GET", f"{server}/api/assets/{asset.id}/events") as answer:
        events = Listener(answer.aiter_lines())
        await events.next()
        app.state.closing.set()
        with pytest.raises(EOFError):
            await events.next()


async def test_a_quiet_stream_has_a_heartbeat(services: Services) -> None:
    asset = await published(services)

    async def nobody() -> None:
        return None

    stream = services.progress.watch(asset.id, nobody, last_id=None)
    async with asyncio.timeout(60):
        pieces = [await anext(stream) for _ in range(4)]
    await stream.aclose()
    assert pieces[0].startswith(b"retry: ")
    assert b"event: progress" in pieces[1]
    assert pieces[2:] == [b": still here\n\n"] * 2
