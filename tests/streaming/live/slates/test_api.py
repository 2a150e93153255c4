"""A channel's own slate, as editors put it up and take it down. A worker draws the pictures."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette

from infra.memory.jobs import MemoryWorker
from infra.tasks import end
from manifests import layout
from manifests.layout import ChannelId
from streaming.clock import utc_now
from streaming.http.auth import Role
from streaming.http.errors import HANDLERS
from streaming.live.slates.api import routes
from streaming.live.slates.sweep import sweep_slates
from tests.transcoder.house import House
from tests.transcoder.stills.test_image import REFUSED, SHOWN
from transcoder.stills.image import refusal
from transcoder.tasks import dead, handlers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from infra.memory import MemoryEngine
    from infra.s3 import S3Store
    from streaming.services import Services

ARENA = ChannelId("arena")
URL = "/api/channels/arena/slate"
CARD, OTHER = SHOWN["JPEG"][0], SHOWN["one pixel"][0]


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
async def editor(services: Services, bearer: Callable[[Role], Awaitable[dict[str, str]]]) -> dict[str, str]:
    await services.channels.create(title="Arena", channel_id="arena", created_by="me")
    return await bearer(Role.EDITOR)


@pytest.fixture
async def worker(jobs: MemoryEngine, store: S3Store, tmp_path: Path) -> AsyncIterator[None]:
    parts = replace(House(tmp_path / "sources").parts, store=store)
    task = asyncio.create_task(MemoryWorker(jobs, handlers=handlers(parts), on_dead=partial(dead, parts)).run())
    yield
    await end(task)


async def kept(store: S3Store) -> list[str]:
    return [stat.key async for stat in store.list(layout.SLATES)]


async def test_a_slate_from_its_putting_up_to_its_end(
    client: httpx.AsyncClient, services: Services, store: S3Store, editor: dict[str, str], worker: None
) -> None:
    assert (await client.put(URL, content=CARD)).status_code == 401
    none = await client.get(URL, headers=editor)
    assert (none.status_code, none.json()["code"]) == (404, "no_slate")
    assert (await client.get("/api/channels/arena", headers=editor)).json()["slate_url"] is None
    put = await client.put(URL, content=CARD, headers=editor)
    assert put.status_code == 200, put.text
    url = put.json()["url"]
    assert (await client.get("/api/channels/arena", headers=editor)).json()["slate_url"] == url
    shown = await client.get(url, headers=editor)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
    assert shown.content == await store.read(layout.slate(ARENA, (await services.channels.get(ARENA)).slate))
    assert (await client.get(url)).status_code == 401, "nobody else sees it before it is on air"
    again = await client.get(url, headers={**editor, "If-None-Match": shown.headers["etag"]})
    assert again.status_code == 304

    for body, code in (REFUSED[name] for name in ("30,000 by 30,000", "half a JPEG", "a drawing")):
        refused = await client.put(URL, content=body, headers=editor)
        assert (refused.status_code, refused.json()["code"]) == (422, "slate_refused")
        assert refused.json()["detail"] == str(refusal(code))
    large = await client.put(URL, content=CARD + bytes(10 << 20), headers=editor)
    assert large.status_code == 413
    assert (await client.get(URL, headers=editor)).content == shown.content, "what was refused changes nothing"

    other = await client.put(URL, content=OTHER, headers=editor)
    assert other.json()["url"] != url
    assert len(await kept(store)) == 1, "the one before is gone"
    await services.channels.start(ARENA)
    await services.channels.change(ARENA, title="Hall")
    await services.channels.stop(ARENA)
    assert (await client.get("/api/channels/arena", headers=editor)).json()["slate_url"] == other.json()["url"]
    for _ in range(2):
        assert (await client.delete(URL, headers=editor)).status_code == 204
    assert (await client.get(URL, headers=editor)).status_code == 404
    assert await kept(store) == []


async def test_a_picture_that_is_not_drawn_in_time_is_not_shown(
    services: Services, store: S3Store, editor: dict[str, str], jobs: MemoryEngine
) -> None:
    app = Starlette(routes=routes(services.channels, store, jobs, patience=timedelta(0)), exception_handlers=HANDLERS)
    app.state.authenticator = services.tokens
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://channel") as client:
        late = await client.put(URL, content=CARD, headers=editor)
    assert (late.status_code, late.json()["code"]) == (503, "slate_pending")
    assert "Retry-After" in late.headers
    assert await kept(store) == []
    assert not (await services.channels.get(ARENA)).slate


async def test_it_goes_with_its_channel(
    client: httpx.AsyncClient, store: S3Store, services: Services, editor: dict[str, str], worker: None
) -> None:
    assert (await client.put("/api/channels/nobody/slate", content=CARD, headers=editor)).status_code == 404
    assert (await client.put(URL, content=CARD, headers=editor)).status_code == 200
    await services.channels.delete(ARENA, store=store)
    assert await kept(store) == []


async def test_what_no_channel_names_is_swept(store: S3Store, services: Services, editor: dict[str, str]) -> None:
    for key in (
        layout.slate(ARENA, "shown"), layout.slate(ARENA, "former"), layout.slate_sent(ARENA, "killed"),
        layout.slate_refused(ARENA, "killed"), layout.slate(ChannelId("deleted"), "shown"),
    ):  # fmt: skip
        await store.put(key, b"x", content_type="image/png")
    await services.channels.show_slate(ARENA, "shown")
    assert await sweep_slates(store, services.channels, clock=utc_now) == 0, "they may be on their way"
    later = utc_now() + timedelta(hours=2)
    assert await sweep_slates(store, services.channels, clock=lambda: later) == 4
    assert await kept(store) == [layout.slate(ARENA, "shown")]
