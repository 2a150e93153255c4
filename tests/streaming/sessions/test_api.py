from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import update
from starlette.applications import Starlette
from starlette.middleware import Middleware

from infra.memory import MemoryEngine
from infra.redis_cache import RedisCache
from streaming.catalog.service import Catalogue
from streaming.catalog.tables import assets
from streaming.http.auth import Principal, Role
from streaming.http.cors import Cors
from streaming.http.errors import HANDLERS
from streaming.live.channels.model import ChannelState
from streaming.live.channels.service import Channels
from streaming.live.viewing.doors import Doors
from streaming.sessions.api import routes
from streaming.sessions.wire import BODY_LIMIT, MOST_EVENTS

from .conftest import LIVE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy.ext.asyncio import AsyncEngine

    from manifests.layout import AssetId

    from .conftest import Channel

EDITOR: Final = {"Authorization": "Bearer editor"}
SHOP: Final = {"Authorization": "Bearer shop"}


class Roles:
    """An authenticator that knows three tokens."""

    _known: Final = {"editor": Role.EDITOR, "shop": Role.VIEWER_SERVICE, "site": Role.VIEWER_SERVICE}

    async def by_token(self, token: str) -> Principal | None:
        role = self._known.get(token)
        return None if role is None else Principal(role=role, name=token, token_id=token)

    async def by_cookie(self, cookie: str) -> Principal | None:
        return None


@pytest.fixture
def catalogue(plain: Channel, sqlite: AsyncEngine) -> Catalogue:
    return Catalogue(sql=sqlite, cache=plain.cache, jobs=MemoryEngine(), clock=lambda: plain.now)


def application(channel: Channel, catalogue: Catalogue, *, public_url: str = "") -> Starlette:
    doors = Doors(Channels(sql=channel.ledger._sql, cache=channel.cache, clock=lambda: channel.now))
    app = Starlette(
        routes=routes(channel.another_process(), catalogue, doors, clock=lambda: channel.now, public_url=public_url),
        exception_handlers=HANDLERS,
        middleware=[Middleware(Cors)],
    )
    app.state.authenticator = Roles()
    return app


def client_of(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://channel.test")


@pytest.fixture
async def client(plain: Channel, catalogue: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(application(plain, catalogue)) as client:
        yield client


@pytest.fixture
def make_asset(catalogue: Catalogue, sqlite: AsyncEngine) -> Callable[..., Any]:
    async def make(*, published: bool = True, state: str = "playable", duration_s: float = 600.0) -> AssetId:
        asset = await catalogue.create(titles={"en": "Final"}, created_by="test")
        if published:
            await catalogue.publish(asset.id)
        async with sqlite.begin() as connection:
            row = update(assets).where(assets.c.id == asset.id)
            await connection.execute(row.values(state=state, duration_s=duration_s))
        return asset.id

    return make


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["access-control-allow-origin"] == "*"
    body: dict[str, Any] = response.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["detail"]
    return body


def report(*events: dict[str, Any]) -> dict[str, Any]:
    return {"events": list(events)}


async def test_the_whole_life_of_a_session(client: httpx.AsyncClient, plain: Channel, make_asset: Any) -> None:
    asset = await make_asset()
    created = await client.post("/api/sessions", json={"asset": asset, "viewer": "maria", "device": "tv"})
    assert created.status_code == 201
    assert created.headers["cache-control"] == "no-store"
    session = created.json()
    assert session["playback_url"] == f"http://channel.test/v/{asset}/index.m3u8"
    assert created.headers["location"] == f"/api/sessions/{session['session_id']}"
    assert (session["heartbeat_interval_s"], session["resume_at_s"]) == (10, 0)
    assert session["expires_at"] == "2026-11-21T10:15:25Z"
    assert len(session["session_id"]) <= 64

    url = session["heartbeat_url"]
    plain.after(200)
    answer = await client.post(
        url,
        json=report(
            {"type": "start", "seq": 1, "startup_s": 0.8},
            {"type": "heartbeat", "seq": 2, "position_s": 190, "played_s": 190, "rebuffer_s": 10, "rebuffers": 2,
             "startup_s": 0.8, "played_kbit": 570_000},
        ),
    )  # fmt: skip
    assert answer.status_code == 200
    assert answer.json() == {
        "state": "playing", "counted_view": True, "played_s": 190, "heartbeat_interval_s": 30,
        "expires_at": "2026-11-21T10:19:35Z",
    }  # fmt: skip
    viewers = (await client.get(f"/api/assets/{asset}/viewers")).json()
    assert (viewers["now"], viewers["peak"], viewers["attempts"], viewers["starts"], viewers["views"]) == (1,) * 5
    assert viewers["visitors_today"] == 1
    assert viewers["qoe"] is None

    beacon = json.dumps(report({"type": "end", "seq": 3, "position_s": 200, "played_s": 200}))
    ended = await client.post(url, content=beacon, headers={"Content-Type": "text/plain;charset=UTF-8"})
    assert ended.json()["state"] == "ended"
    late = assert_problem(
        await client.post(url, json=report({"type": "heartbeat", "seq": 4, "played_s": 201})), 410, "session_over"
    )
    assert late["state"] == "ended"
    assert "POST /api/sessions" in late["detail"]

    await plain.settle()
    viewers = (await client.get(f"/api/assets/{asset}/viewers", headers=EDITOR)).json()
    assert (viewers["now"], viewers["views"], viewers["played_s"]) == (0, 1, 200)
    assert viewers["qoe"] == {
        "startup_s": 0.8, "rebuffering_ratio": 0.0476, "rebuffers_per_start": 2, "average_kbps": 2850,
        "latency_s": 0, "playback_rate": 0,
        "failures_technical": 0, "failures_business": 0, "exits_before_start": 0,
    }  # fmt: skip
    again = await client.post("/api/sessions", json={"asset": asset, "viewer": "maria"})
    assert again.json()["resume_at_s"] == 200


async def test_a_session_on_a_channel(plain: Channel, catalogue: Catalogue, sqlite: AsyncEngine) -> None:
    channels = Channels(sql=sqlite, cache=plain.cache, clock=lambda: plain.now)

    async def post(wanted: dict[str, str], headers: dict[str, str] | None = None) -> httpx.Response:
        async with client_of(application(plain, catalogue)) as client:  # which remembers no door yet
            return await client.post("/api/sessions", json=wanted, headers=headers)

    await channels.create(title="Arena", channel_id="arena", created_by="me")
    await channels.start(LIVE.channel)
    assert_problem(await post({"channel": "nowhere"}), 404, "channel_not_found")
    assert assert_problem(await post({"channel": "arena"}), 409, "not_playable")["state"] == "waiting"
    await channels.step(LIVE.channel, 1, ChannelState.LIVE)
    for both_or_none in ({}, {"asset": "a", "channel": "arena"}):
        assert_problem(await post(both_or_none), 422, "invalid_field")
    session = (await post({"channel": "arena", "viewer": "maria"})).json()
    assert (session["playback_url"], session["resume_at_s"]) == ("http://channel.test/live/arena/index.m3u8", 0)

    plain.after(100)
    counters = {"played_s": 100, "rebuffer_s": 1, "startup_s": 0.5, "content_s": 101, "latency_s2": 180}
    async with client_of(application(plain, catalogue)) as client:
        beat = report({"type": "heartbeat", "seq": 1, **counters})
        heard = await client.post(urlsplit(session["heartbeat_url"]).path, json=beat)
        assert (heard.status_code, heard.json()["counted_view"]) == (200, True)
        await plain.settle()
        seen = (await client.get("/api/channels/arena/viewers", headers=EDITOR)).json()
        assert (seen["channel"], seen["event"], seen["asset"]) == ("arena", 1, None)
        assert (seen["now"], seen["peak"], seen["views"], seen["played_s"]) == (1, 1, 1, 100)
        assert (seen["qoe"]["latency_s"], seen["qoe"]["playback_rate"]) == (1.8, 1.01)
        assert_problem(await client.get("/api/channels/arena/viewers?event=2"), 422, "bad_query")

    await channels.stop(LIVE.channel)
    await channels.start(LIVE.channel)
    await channels.change(LIVE.channel, public=False)
    assert_problem(await post({"channel": "arena"}), 404, "channel_not_found")
    async with client_of(application(plain, catalogue)) as client:
        assert_problem(await client.get("/api/channels/arena/viewers"), 404, "channel_not_found")
        views = [
            (await client.get(f"/api/channels/arena/viewers?event={event}", headers=EDITOR)).json()["views"]
            for event in (1, 2)
        ]
    assert views == [1, 0]
    await channels.step(LIVE.channel, 2, ChannelState.LIVE)
    assert (await post({"channel": "arena"}, EDITOR)).status_code == 201


async def test_two_processes_answer_alike(plain: Channel, catalogue: Catalogue, make_asset: Any) -> None:
    asset = await make_asset()
    async with client_of(application(plain, catalogue)) as one, client_of(application(plain, catalogue)) as two:
        made = await asyncio.gather(*(each.post("/api/sessions", json={"asset": asset}) for each in (one, two) * 5))
        plain.after(12)
        beat = report({"type": "heartbeat", "seq": 1, "played_s": 11})
        beats = [
            each.post(urlsplit(session.json()["heartbeat_url"]).path, json=beat)
            for session in made for each in (one, two)
        ]  # fmt: skip
        assert {answer.status_code for answer in await asyncio.gather(*beats)} == {200}
        counts = [(await each.get(f"/api/assets/{asset}/viewers")).json() for each in (one, two)]
    assert counts[0] == counts[1]
    assert (counts[0]["now"], counts[0]["views"], counts[0]["attempts"]) == (10, 10, 10)


async def test_addresses_are_public_where_that_is_set(plain: Channel, catalogue: Catalogue, make_asset: Any) -> None:
    async with client_of(application(plain, catalogue, public_url="https://video.example.org")) as client:
        session = (await client.post("/api/sessions", json={"asset": await make_asset()})).json()
    assert session["playback_url"].startswith("https://video.example.org/v/")
    assert session["heartbeat_url"].startswith("https://video.example.org/api/sessions/")


async def test_who_may_begin(client: httpx.AsyncClient, make_asset: Any) -> None:
    draft = {"asset": await make_asset(published=False)}
    assert_problem(await client.post("/api/sessions", json=draft), 403, "not_published")
    assert_problem(await client.post("/api/sessions", json=draft, headers=SHOP), 403, "not_published")
    assert (await client.post("/api/sessions", json=draft, headers=EDITOR)).status_code == 201
    wrong = {"Authorization": "Bearer wrong"}
    assert_problem(await client.post("/api/sessions", json=draft, headers=wrong), 401, "invalid_token")
    assert_problem(await client.get(f"/api/assets/{draft['asset']}/viewers"), 403, "not_published")


async def test_a_site_vouches_for_its_own_viewers(client: httpx.AsyncClient, plain: Channel, make_asset: Any) -> None:
    wanted = {"asset": await make_asset(), "viewer": "maria"}
    session = (await client.post("/api/sessions", json=wanted, headers=SHOP)).json()
    plain.after(200)
    beat = report({"type": "heartbeat", "seq": 1, "played_s": 190, "position_s": 190})
    await client.post(session["heartbeat_url"], json=beat)
    assert (await client.post("/api/sessions", json=wanted, headers=SHOP)).json()["resume_at_s"] == 190
    assert (await client.post("/api/sessions", json=wanted)).json()["resume_at_s"] == 0


@pytest.mark.parametrize("state", ["created", "indexing", "failed"])
async def test_what_has_no_timeline_cannot_be_played(client: httpx.AsyncClient, make_asset: Any, state: str) -> None:
    wanted = {"asset": await make_asset(state=state)}
    problem = assert_problem(await client.post("/api/sessions", json=wanted), 409, "not_playable")
    assert problem["state"] == state


@pytest.mark.parametrize("asset", ["unknown", "\x00", "a/b"])
async def test_an_unknown_asset_is_not_found(client: httpx.AsyncClient, asset: str) -> None:
    assert_problem(await client.post("/api/sessions", json={"asset": asset}), 404, "asset_not_found")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed_json"),
        (b"{", 400, "malformed_json"),
        (b"\xff\xfe", 400, "malformed_json"),
        (b"[]", 422, "invalid_field"),
        (b"{}", 422, "invalid_field"),
        (b'{"asset": 5}', 422, "invalid_field"),
        (b'{"asset": ""}', 422, "invalid_field"),
        (b'{"asset": "a", "viewr": "x"}', 422, "invalid_field"),
        (b'{"asset": "a", "device": "<script>"}', 422, "invalid_field"),
    ],
)
async def test_a_wrong_request_is_explained(client: httpx.AsyncClient, body: bytes, status: int, code: str) -> None:
    headers = {"Content-Type": "application/json"}
    assert_problem(await client.post("/api/sessions", content=body, headers=headers), status, code)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, "malformed_json"),
        ("null", 422, "invalid_field"),
        ("{}", 422, "invalid_field"),
        (json.dumps(report()), 422, "invalid_field"),
        (json.dumps(report({"type": "heartbeat"})), 422, "invalid_field"),
        (json.dumps(report({"type": "dance", "seq": 1})), 422, "invalid_field"),
        (json.dumps(report({"type": "heartbeat", "seq": 0})), 422, "invalid_field"),
        (json.dumps(report({"type": "heartbeat", "seq": 2**53})), 422, "invalid_field"),
        (json.dumps(report({"type": "heartbeat", "seq": 1, "played_s": -1})), 422, "invalid_field"),
        (json.dumps(report({"type": "heartbeat", "seq": 1, "played_s": 1e300})), 422, "invalid_field"),
        ('{"events": [{"type": "heartbeat", "seq": 1, "played_s": NaN}]}', 400, "malformed_json"),
        (json.dumps(report(*[{"type": "seek", "seq": 1}] * (MOST_EVENTS + 1))), 422, "invalid_field"),
        (json.dumps(report({"type": "heartbeat", "seq": 1})) + " " * BODY_LIMIT, 413, "too_large"),
    ],
)
async def test_a_wrong_report_is_explained_and_the_next_good_one_works(
    client: httpx.AsyncClient, make_asset: Any, body: str, status: int, code: str
) -> None:
    url = (await client.post("/api/sessions", json={"asset": await make_asset()})).json()["heartbeat_url"]
    headers = {"Content-Type": "text/plain"}
    assert_problem(await client.post(url, content=body, headers=headers), status, code)
    good = await client.post(url, content=json.dumps(report({"type": "start", "seq": 1})), headers=headers)
    assert good.json()["state"] == "playing"


async def test_an_unknown_session_and_a_form_are_refused(client: httpx.AsyncClient) -> None:
    beat = report({"type": "heartbeat", "seq": 1})
    assert_problem(await client.post("/api/sessions/unknown/events", json=beat), 404, "session_not_found")
    answer = await client.post("/api/sessions/unknown/events", data={"events": "x"})
    assert_problem(answer, 415, "unsupported_media_type")


async def test_a_dead_redis_is_said_and_the_report_can_be_sent_again(
    plain: Channel, catalogue: Catalogue, make_asset: Any, valkey_server: Any
) -> None:
    plain.cache = cache = RedisCache(valkey_server.url)
    async with client_of(application(plain, catalogue)) as client:
        url = (await client.post("/api/sessions", json={"asset": await make_asset()})).json()["heartbeat_url"]
        plain.after(12)
        beat = report({"type": "heartbeat", "seq": 1, "played_s": 11})
        valkey_server.kill()
        refused = await client.post(url, json=beat)
        assert_problem(refused, 503, "unavailable")
        assert int(refused.headers["retry-after"]) > 0
        valkey_server.start()
        assert (await client.post(url, json=beat)).json()["counted_view"]
    await cache.aclose()
