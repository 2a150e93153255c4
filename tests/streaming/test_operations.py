from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from streaming.app import create_app
from streaming.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


async def test_ready_once_everything_can_be_reached(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "parts": {"database": "ok", "redis": "ok", "bucket": "ok"}}


async def test_not_ready_says_what_is_missing(tmp_path: Path, free_port: Callable[[], int]) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    app = create_app(
        ServiceSettings.from_env(
            {
                "CHANNEL_HOME": str(tmp_path), "CHANNEL_REDIS_URL": f"redis://{nowhere}/0",
                "CHANNEL_DATABASE_URL": f"sqlite:///{tmp_path / 'empty.db'}",
                "CHANNEL_S3_ENDPOINT_URL": f"http://{nowhere}", "CHANNEL_S3_ACCESS_KEY_ID": "x",
                "CHANNEL_S3_SECRET_ACCESS_KEY": "secretsecret",
            }
        )
    )  # fmt: skip
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://channel.test") as client,
    ):
        answer = await client.get("/readyz", timeout=30)
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert set(answer.json()["parts"]) == {"database", "redis", "bucket"}
        assert "ok" not in answer.json()["parts"].values()
        assert nowhere not in answer.text
        assert (await client.get("/healthz")).status_code == 200
        outage = await client.get("/api/assets")
        assert outage.status_code in {500, 503}
        assert outage.headers["content-type"] == "application/problem+json"
