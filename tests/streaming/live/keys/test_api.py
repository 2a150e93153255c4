from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streaming.http.auth import Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import httpx

    from streaming.services import Services

KEYS = "/api/channels/arena/keys"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
async def publisher(services: Services, bearer: Callable[[Role], Awaitable[dict[str, str]]]) -> dict[str, str]:
    await services.channels.create(title="Arena", channel_id="arena", created_by="me")
    return await bearer(Role.PUBLISHER)


async def test_a_key_is_made_shown_once_and_revoked(
    client: httpx.AsyncClient, services: Services, publisher: dict[str, str]
) -> None:
    made = await client.post(KEYS, json={"place": "backup"}, headers=publisher)
    assert made.status_code == 201
    secret = made.json()["secret"]
    addresses = made.json()["addresses"]
    assert addresses["rtmp"] == "rtmp://channel.test:1935/live"
    assert addresses["srt"].startswith("srt://channel.test:10080?passphrase=")
    assert addresses["http"] == "http://channel.test:8935/ingest/arena/"
    found = await services.stream_keys.find(secret)
    assert found is not None
    assert (found.channel, found.place) == ("arena", "backup")
    listed = await client.get(KEYS, headers=publisher)
    assert secret not in listed.text
    assert [key["id"] for key in listed.json()["keys"]] == [found.id]
    assert (await client.delete(made.headers["location"], headers=publisher)).status_code == 204
    assert await services.stream_keys.find(secret) is None


async def test_a_new_key_takes_over_after_its_grace(
    client: httpx.AsyncClient, services: Services, publisher: dict[str, str]
) -> None:
    secrets = [
        (await client.post(KEYS, json=body, headers=publisher)).json()["secret"] for body in ({}, {}, {"grace_s": 60})
    ]
    assert [await services.stream_keys.find(secret) is not None for secret in secrets] == [False, True, True]


async def test_bad_wishes_are_refused(client: httpx.AsyncClient, publisher: dict[str, str]) -> None:
    for body, pointer in (({"place": "third"}, "/place"), ({"grace_s": -1}, "/grace_s")):
        refused = await client.post(KEYS, json=body, headers=publisher)
        assert refused.json()["errors"][0]["pointer"] == pointer
    assert (await client.post("/api/channels/none/keys", json={}, headers=publisher)).json()[
        "code"
    ] == "channel_not_found"
    assert (await client.delete(f"{KEYS}/none", headers=publisher)).json()["code"] == "stream_key_not_found"
    assert (await client.get(KEYS)).status_code == 401
