from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    import httpx


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


async def test_metrics_name_the_capability(client: httpx.AsyncClient) -> None:
    await client.get("/api/assets")
    await client.request("BREW", "/coffee")
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'channel_http_answer_seconds_count{capability="catalogue",method="GET",status="200"}' in answer.text
    assert 'capability="other",method="other",status="404"' in answer.text
    assert "channel_jobs_queued" in answer.text
