from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streaming.http.auth import Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import httpx


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
async def admin(bearer: Callable[[Role], Awaitable[dict[str, str]]]) -> dict[str, str]:
    return await bearer(Role.ADMIN)


async def test_a_token_is_made_shown_once_and_revoked(client: httpx.AsyncClient, admin: dict[str, str]) -> None:
    wanted = {"role": "viewer-service", "name": "site", "days": 30}
    made = await client.post("/api/tokens", json=wanted, headers=admin)
    assert made.status_code == 201
    token = made.json()
    mine = {"Authorization": f"Bearer {token['token']}"}
    assert (await client.get("/api/me", headers=mine)).json() == {
        "name": "site", "role": "viewer-service", "may": ["viewer-service"],
    }  # fmt: skip
    listed = await client.get("/api/tokens", headers=admin)
    assert token["token"] not in listed.text
    assert {each["name"] for each in listed.json()["tokens"]} == {"site", "a admin"}

    assert (await client.delete(made.headers["location"], headers=admin)).status_code == 204
    refused = await client.get("/api/me", headers=mine)
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")


async def test_only_admins_give_out_tokens(
    client: httpx.AsyncClient, bearer: Callable[[Role], Awaitable[dict[str, str]]]
) -> None:
    publisher = await bearer(Role.PUBLISHER)
    for method, path in (("GET", "/api/tokens"), ("POST", "/api/tokens"), ("DELETE", "/api/tokens/x")):
        answer = await client.request(method, path, json={"role": "admin", "name": "x"}, headers=publisher)
        assert (answer.status_code, answer.json()["needed"]) == (403, "admin")


async def test_bad_wishes_are_refused(client: httpx.AsyncClient, admin: dict[str, str]) -> None:
    for body, pointer in (
        ({"role": "king", "name": "x"}, "/role"),
        ({"role": "editor", "name": " "}, "/name"),
        ({"role": "editor", "name": "a\u0000b"}, "/name"),
        ({"role": "editor", "name": "x" * 101}, "/name"),
        ({"role": "editor", "name": "x", "days": 0}, "/days"),
        ({"role": "editor", "name": "x", "days": 10**9}, "/days"),
        ({"role": "editor"}, ""),
    ):
        answer = await client.post("/api/tokens", json=body, headers=admin)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer, body
    assert (await client.delete("/api/tokens/nobody", headers=admin)).json()["code"] == "token_not_found"
    assert (await client.delete("/api/tokens/%00", headers=admin)).status_code == 404
