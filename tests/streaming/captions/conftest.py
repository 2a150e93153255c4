"""An editor, an asset of his, and captions for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from streaming.http.auth import Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx


@pytest.fixture
async def editor(client: httpx.AsyncClient, bearer: Callable[[Role], Awaitable[dict[str, str]]]) -> httpx.AsyncClient:
    client.headers.update(await bearer(Role.EDITOR))
    return client


@pytest.fixture
async def asset(editor: httpx.AsyncClient) -> str:
    return str((await editor.post("/api/assets", json={"title": "Final, 100 m"})).json()["id"])


@pytest.fixture
def captions(asset: str) -> str:
    return f"/api/assets/{asset}/captions"


@pytest.fixture
def add(editor: httpx.AsyncClient, captions: str) -> Callable[..., Awaitable[dict[str, Any]]]:
    """`await add(body, language=…)`: the new track."""

    async def add(body: bytes, **query: str) -> dict[str, Any]:
        answer = await editor.post(captions, params={"language": "en", **query}, content=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return add
