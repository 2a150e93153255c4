from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streaming.http.auth import COOKIE, Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import httpx

OURS = {"Origin": "http://channel.test"}
EVIL = {"Origin": "https://evil.test"}


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
async def token(bearer: Callable[[Role], Awaitable[dict[str, str]]]) -> str:
    return (await bearer(Role.PUBLISHER))["Authorization"].removeprefix("Bearer ")


async def test_in_and_out(client: httpx.AsyncClient, token: str) -> None:
    login = await client.post("/api/studio/login", json={"token": f" {token}\n"}, headers=OURS)
    assert login.json() == {
        "name": "a publisher", "role": "publisher", "may": ["viewer-service", "editor", "publisher"],
    }  # fmt: skip
    cookie = login.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    assert token not in login.headers["set-cookie"]
    assert (await client.get("/api/me")).json()["role"] == "publisher"
    assert (await client.post("/api/assets", json={"title": "Final"}, headers=OURS)).status_code == 201

    kept = client.cookies[COOKIE]
    assert (await client.post("/api/studio/logout", headers=OURS)).status_code == 204
    assert COOKIE not in client.cookies
    client.cookies.set(COOKIE, kept)
    assert (await client.get("/api/me")).status_code == 401


async def test_a_wrong_token_logs_nobody_in(client: httpx.AsyncClient) -> None:
    for token in ("", "ch_wrong", "\u00e9", "x" * 5000):
        answer = await client.post("/api/studio/login", json={"token": token}, headers=OURS)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
        assert "set-cookie" not in answer.headers


async def test_other_sites_can_neither_log_in_nor_act_nor_log_out(client: httpx.AsyncClient, token: str) -> None:
    assert (await client.post("/api/studio/login", json={"token": token}, headers=EVIL)).json()["code"] == "cross_site"
    await client.post("/api/studio/login", json={"token": token}, headers=OURS)
    for method, path in (("POST", "/api/assets"), ("DELETE", "/api/assets/x"), ("POST", "/api/studio/logout")):
        answer = await client.request(method, path, json={"title": "x"}, headers=EVIL)
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
    assert (await client.get("/api/me")).status_code == 200


async def test_behind_https_the_cookie_is_secure(client: httpx.AsyncClient, token: str) -> None:
    url = "https://channel.test/api/studio/login"
    answer = await client.post(url, json={"token": token}, headers={"Sec-Fetch-Site": "same-origin"})
    assert "secure" in answer.headers["set-cookie"].lower()


async def test_logging_out_without_a_login_is_no_error(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/studio/logout")).status_code == 204
