"""The call as MediaMTX makes it: a POST of these nine fields, whose answer's status is all that it looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from streaming.live.ingest.publisher import Place

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from streaming.services import Services


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture(autouse=True)
async def channel(services: Services) -> None:
    await services.channels.create(title="Alpine", channel_id="alpine", created_by="ann")


def asked(**fields: Any) -> dict[str, Any]:
    return {
        "ip": "192.0.2.7", "user": "", "password": "", "token": "", "action": "publish", "path": "", "protocol": "rtmp",
        "id": "bfb8ef26-2b75-4b0a-8b6c-7d3f6a0d2f61", "query": "", **fields,
    }  # fmt: skip


@pytest.mark.parametrize("protocol", ["rtmp", "srt", "webrtc", "rtsp"])
async def test_a_good_key_is_let_in(client: httpx.AsyncClient, services: Services, protocol: str) -> None:
    made = await services.stream_keys.make("alpine", Place.PRIMARY, created_by="ann")
    for path in (f"live/{made.secret}", f"live/alpine/{made.secret}"):
        answer = await client.post("/api/ingest/auth", json=asked(path=path, protocol=protocol))
        assert (answer.status_code, answer.content) == (204, b"")


async def test_everybody_else_is_not(client: httpx.AsyncClient, services: Services) -> None:
    made = await services.stream_keys.make("alpine", Place.PRIMARY, created_by="ann")
    good = f"live/{made.secret}"
    for fields in (
        {"path": "live/live_wrong"},
        {"path": f"live/nordic/{made.secret}"},
        {"path": made.secret},
        {"path": ""},
        {"path": "alpine", "password": made.secret},
        {"path": good, "action": "read"},
        {"path": good, "action": "playback"},
        {"path": "", "action": "api"},
        {"path": "", "action": "metrics", "id": None},
        {"path": "", "action": "publish", "ip": ""},
    ):
        answer = await client.post("/api/ingest/auth", json=asked(**fields))
        assert (answer.status_code, answer.json()["code"]) == (401, "ingest_refused"), fields
        assert made.secret not in answer.text


async def test_the_gateways_own_machine_reads_what_it_sends_on(client: httpx.AsyncClient) -> None:
    for ip, status in (("127.0.0.1", 204), ("::1", 204), ("192.0.2.7", 401), ("nonsense", 401)):
        fields = asked(ip=ip, action="read", path="live/whatever", protocol="rtsp")
        assert (await client.post("/api/ingest/auth", json=fields)).status_code == status, ip


async def test_guesses_run_out(client: httpx.AsyncClient, services: Services) -> None:
    made = await services.stream_keys.make("alpine", Place.PRIMARY, created_by="ann")
    for _ in range(20):
        await client.post("/api/ingest/auth", json=asked(path="live/guess"))
    late = await client.post("/api/ingest/auth", json=asked(path=f"live/{made.secret}"))
    assert (late.status_code, "Too many" in late.json()["detail"]) == (401, True)
    elsewhere = asked(path=f"live/{made.secret}", ip="192.0.2.8")
    assert (await client.post("/api/ingest/auth", json=elsewhere)).status_code == 204


async def test_what_is_no_question_is_no_answer(client: httpx.AsyncClient) -> None:
    refused = await client.post("/api/ingest/auth", content=b"{", headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed_json")
    assert (await client.post("/api/ingest/auth", json={"path": "x"})).status_code == 422
