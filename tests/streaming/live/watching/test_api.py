from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from infra.errors import CacheUnavailable
from manifests.layout import ChannelId
from streaming.app import build_app
from streaming.http.auth import Role
from streaming.live.channels.model import ChannelState
from streaming.services import assemble
from streaming.sessions.model import Counters, News
from streaming.sessions.subject import ChannelEvent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from streaming.services import Services


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
def ask(services: Services) -> Callable[..., Awaitable[httpx.Response]]:
    """A request to an API process that remembers nothing yet."""

    async def get(path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        app = build_app(assemble(services.settings, services.infra))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://channel.test") as client:
            return await client.get(path, headers=headers)

    return get


async def run(services: Services, channel_id: str, *states: ChannelState, public: bool = True) -> None:
    """Make a channel, and take its first event through these states."""
    made = await services.channels.create(title=channel_id.title(), channel_id=channel_id, created_by="me")
    if not public:
        await services.channels.change(made.id, public=False)
    if states:
        await services.channels.start(made.id)
    for state in states:
        if state is ChannelState.ENDED:
            await services.channels.stop(made.id)
        else:
            await services.channels.step(made.id, 1, state)


async def test_what_is_on_air_comes_first(services: Services, ask: Callable[..., Awaitable[httpx.Response]]) -> None:
    await run(services, "arena", ChannelState.LIVE)
    await run(services, "hall", ChannelState.LIVE, ChannelState.ENDED)
    await run(services, "pool", ChannelState.LIVE, ChannelState.INTERRUPTED)
    await run(services, "track", ChannelState.WAITING)
    await run(services, "never")
    await run(services, "closed", ChannelState.LIVE, public=False)
    for days, name in ((2, "later"), (1, "sooner")):
        await run(services, name)
        starts_at = services.clock() + timedelta(days=days)
        await services.channels.change(ChannelId(name), schedule=lambda _, starts_at=starts_at: (starts_at, None))
    answer = await ask("/api/live")
    assert answer.headers["cache-control"] == "public, max-age=1"
    channels = answer.json()["channels"]
    assert [(each["id"], each["state"], each["on_air"]) for each in channels] == [
        ("pool", "interrupted", True), ("arena", "live", True), ("track", "waiting", False), ("sooner", "idle", False),
        ("later", "idle", False), ("hall", "ended", False),
    ]  # fmt: skip
    arena = channels[1]
    assert {**arena, "started_at": None} == {
        "id": "arena", "title": "Arena", "state": "live", "on_air": True, "starts_at": None, "started_at": None,
        "ended_at": None, "dvr_s": 14_400, "viewers": 0, "hls": "/live/arena/index.m3u8",
        "dash": "/live/arena/manifest.mpd",
        "dash_low_latency": "/live/arena/low-latency.mpd",
        "recording": None,
    }  # fmt: skip
    assert arena == (await ask("/api/live/arena")).json()


async def test_an_unchanged_list_is_not_sent_again(
    services: Services, ask: Callable[..., Awaitable[httpx.Response]]
) -> None:
    await run(services, "arena", ChannelState.LIVE)
    for path in ("/api/live", "/api/live/arena"):
        first = await ask(path)
        again = await ask(path, {"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.headers["cache-control"]) == (304, first.headers["cache-control"])
    await services.channels.stop(ChannelId("arena"))
    changed = await ask("/api/live/arena", {"If-None-Match": first.headers["etag"]})
    assert (changed.status_code, changed.json()["state"]) == (200, "ended")


async def test_viewers_are_counted_over_all_processes_by_event(
    services: Services, ask: Callable[..., Awaitable[httpx.Response]]
) -> None:
    await run(services, "arena", ChannelState.LIVE)
    event = ChannelEvent(channel=ChannelId("arena"), event=1)
    now = services.clock()
    for number in range(3):
        opened = await services.sessions.open(
            event, duration_ms=None, viewer=None, scope="player", visitor=f"{number}", now=now
        )
        news = News(counters=Counters(started=True), last_seq=1, end_seq=int(number == 0))
        await assemble(services.settings, services.infra).sessions.hear(opened.session, news, now=now)
    assert (await ask("/api/live/arena")).json()["viewers"] == 2
    assert [each["viewers"] for each in (await ask("/api/live")).json()["channels"]] == [2]
    await services.channels.stop(event.channel)
    await services.channels.start(event.channel)
    assert (await ask("/api/live/arena")).json()["viewers"] == 0


async def test_one_channel_is_there_for_whom_its_playlist_is(
    services: Services, ask: Callable[..., Awaitable[httpx.Response]],
    bearer: Callable[[Role], Awaitable[dict[str, str]]],
) -> None:  # fmt: skip
    await run(services, "closed", ChannelState.LIVE, public=False)
    await run(services, "never")
    assert (await ask("/api/live/closed")).json()["code"] == "channel_not_found"
    assert (await ask("/api/live/nowhere")).json()["code"] == "channel_not_found"
    seen = await ask("/api/live/closed", await bearer(Role.EDITOR))
    assert (seen.json()["on_air"], seen.headers["cache-control"]) == (True, "private, no-store")
    assert (await ask("/api/live/never")).json()["state"] == "idle"


async def test_without_redis_there_are_channels_and_no_numbers(
    services: Services, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> list[int]:
        raise CacheUnavailable("away")

    await run(services, "arena", ChannelState.LIVE)
    monkeypatch.setattr(services.sessions, "viewers", away)
    assert [each["viewers"] for each in (await client.get("/api/live")).json()["channels"]] == [None]
