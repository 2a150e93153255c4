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
async def publisher(bearer: Callable[[Role], Awaitable[dict[str, str]]]) -> dict[str, str]:
    return await bearer(Role.PUBLISHER)


async def test_a_channel_from_its_making_to_its_end(client: httpx.AsyncClient, publisher: dict[str, str]) -> None:
    made = await client.post("/api/channels", json={"title": " Arena ", "id": "arena"}, headers=publisher)
    assert (made.status_code, made.headers["location"]) == (201, "/api/channels/arena")
    shown = made.json()
    assert (shown["title"], shown["state"], shown["dvr_s"], shown["latency"]) == ("Arena", "idle", 14_400, "low")
    assert shown["playback_url"] == "/live/arena/index.m3u8"
    assert (await client.post("/api/channels/arena/start", headers=publisher)).json()["state"] == "waiting"
    changed = await client.patch("/api/channels/arena", json={"title": "Hall", "dvr_s": 60}, headers=publisher)
    assert (changed.json()["title"], changed.json()["dvr_s"]) == ("Hall", 60)
    busy = await client.delete("/api/channels/arena", headers=publisher)
    assert (busy.status_code, busy.json()["code"]) == (409, "channel_busy")
    assert (await client.post("/api/channels/arena/stop", headers=publisher)).json()["state"] == "ended"
    listed = (await client.get("/api/channels", headers=publisher)).json()["channels"]
    assert [each["id"] for each in listed] == ["arena"]
    assert (await client.delete("/api/channels/arena", headers=publisher)).status_code == 204
    assert (await client.get("/api/channels/arena", headers=publisher)).json()["code"] == "channel_not_found"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"title": " "}, "/title"),
        ({"title": "x", "id": "a/b"}, "/id"),
        ({"title": "x", "dvr_s": 5}, "/dvr_s"),
        ({"title": "x", "dvr_s": 10**6}, "/dvr_s"),
        ({"title": "x", "latency": "none"}, "/latency"),
        ({"title": "x", "speed": 1}, "/speed"),
        ({"title": "x", "starts_at": "2001-01-01T00:00:00Z"}, "/starts_at"),
        ({"title": "x", "starts_at": "2031-01-01T00:00:00"}, "/starts_at"),
        ({"title": "x", "starts_at": "soon"}, "/starts_at"),
        ({"title": "x", "starts_at": "2031-01-02T00:00:00Z", "ends_at": "2031-01-01T00:00:00Z"}, "/ends_at"),
    ],
)
async def test_bad_wishes_are_refused(
    client: httpx.AsyncClient, publisher: dict[str, str], body: dict[str, object], pointer: str
) -> None:
    refused = await client.post("/api/channels", json=body, headers=publisher)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_a_schedule_is_made_changed_and_taken_back(client: httpx.AsyncClient, publisher: dict[str, str]) -> None:
    wanted = {
        "title": "Arena",
        "id": "arena",
        "starts_at": "2031-01-01T10:00:00Z",
        "ends_at": "2031-01-01T14:00:00+02:00",
    }
    made = (await client.post("/api/channels", json=wanted, headers=publisher)).json()
    assert (made["starts_at"], made["ends_at"]) == ("2031-01-01T10:00:00Z", "2031-01-01T12:00:00Z")
    changed = await client.patch("/api/channels/arena", json={"ends_at": None}, headers=publisher)
    assert (changed.json()["starts_at"], changed.json()["ends_at"]) == ("2031-01-01T10:00:00Z", None)
    refused = await client.patch("/api/channels/arena", json={"ends_at": "2031-01-01T09:00:00Z"}, headers=publisher)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/ends_at")
    # All of a wish or nothing of it.
    for body in ({"starts_at": None, "title": " "}, {"starts_at": "2001-01-01T00:00:00Z", "title": "Hall"}):
        assert (await client.patch("/api/channels/arena", json=body, headers=publisher)).status_code == 422
    await client.post("/api/channels/arena/start", headers=publisher)
    body = {"starts_at": None, "latency": "relaxed"}
    assert (await client.patch("/api/channels/arena", json=body, headers=publisher)).status_code == 409
    now = (await client.get("/api/channels/arena", headers=publisher)).json()
    assert (now["title"], now["starts_at"]) == ("Arena", "2031-01-01T10:00:00Z")


async def test_a_profile_must_be_there(client: httpx.AsyncClient, publisher: dict[str, str]) -> None:
    refused = await client.post("/api/channels", json={"title": "x", "profile": "nobodys"}, headers=publisher)
    assert refused.json()["code"] == "unknown_profile"


async def test_only_publishers_run_channels(
    client: httpx.AsyncClient, bearer: Callable[[Role], Awaitable[dict[str, str]]]
) -> None:
    editor = await bearer(Role.EDITOR)
    for method, path in (("POST", "/api/channels"), ("POST", "/api/channels/x/start"), ("DELETE", "/api/channels/x")):
        assert (await client.request(method, path, json={"title": "x"}, headers=editor)).status_code == 403
        assert (await client.request(method, path, json={"title": "x"})).status_code == 401
    assert (await client.get("/api/channels", headers=editor)).status_code == 200
