from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.responses import Response

from streaming.http.cors import Cors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(status_code=304 if scope["path"] == "/same" else 204, headers={"Tus-Version": "1.0.0"})(
        scope, receive, send
    )


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=Cors(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://channel.test") as client:
        yield client


async def test_a_preflight_is_answered_here(client: httpx.AsyncClient) -> None:
    asked = {"Origin": "https://player.test", "Access-Control-Request-Method": "PATCH"}
    answer = await client.options("/x", headers=asked)
    assert "tus-version" not in answer.headers
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"]
    for name in ("Range", "Content-Type", "Authorization", "CMCD-Session", "Upload-Offset", "Tus-Resumable"):
        assert name in allowed
    assert int(answer.headers["access-control-max-age"]) >= 7200


async def test_a_plain_options_is_for_the_application(client: httpx.AsyncClient) -> None:
    answer = await client.options("/x")
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_304_has_it_too(client: httpx.AsyncClient) -> None:
    answer = await client.get("/same")
    assert answer.status_code == 304
    for name in ("Age", "Date", "Content-Range", "Content-Length", "ETag"):
        assert name in answer.headers["access-control-expose-headers"]
