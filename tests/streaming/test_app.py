from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from streaming.app import build_app

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from streaming.services import Services
    from streaming.settings import ServiceSettings


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


async def test_the_app_works_beside_its_requests_and_stops(
    services: Services, eventually: Callable[..., Awaitable[None]]
) -> None:
    closed = asyncio.Event()

    async def close() -> None:
        closed.set()

    async def led() -> bool:
        return await services.infra.cache.get("channel:lease:reconciler") is not None

    app = build_app(services, close=close)
    async with app.router.lifespan_context(app):
        await eventually(led)
    assert closed.is_set()
    await eventually(lambda: not [task for task in asyncio.all_tasks() if task.get_name() == "reconciler"])


async def test_a_known_address_is_used_everywhere(settings: ServiceSettings, services: Services) -> None:
    known = replace(services, settings=replace(settings, public_url="https://video.example.org/"))
    transport = httpx.ASGITransport(app=build_app(known))
    async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.7") as client:
        document = (await client.get("/openapi.json")).json()
        assert document["servers"] == [{"url": "https://video.example.org"}]
