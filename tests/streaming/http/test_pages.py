from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from streaming.settings import ServiceSettings


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


async def test_pages_that_are_not_built_say_how_to(client: httpx.AsyncClient) -> None:
    for path in ("/", "/studio", "/docs"):
        answer = await client.get(path)
        assert answer.status_code == 503
        assert "make web" in answer.text
    assert (await client.get("/static/x.js")).status_code == 404


async def test_built_pages_are_served_with_a_policy(client: httpx.AsyncClient, settings: ServiceSettings) -> None:
    static = settings.web_dist / "static"
    static.mkdir(parents=True)
    (static / "main-1a2b.js").write_text("export {}")
    for name in ("index", "studio", "docs"):
        (settings.web_dist / f"{name}.html").write_text(f"<title>{name}</title>")
    for path, name in (("/", "index"), ("/studio", "studio"), ("/docs", "docs")):
        page = await client.get(path)
        assert name in page.text
        assert page.headers["content-type"].startswith("text/html")
        policy = page.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert str(settings.infra.s3.endpoint_url) in policy
        assert (await client.get(path, headers={"If-None-Match": page.headers["etag"]})).status_code == 304
    script = await client.get("/static/main-1a2b.js")
    assert "immutable" in script.headers["cache-control"]
    assert (await client.get("/static/%2e%2e/index.html")).status_code == 404
