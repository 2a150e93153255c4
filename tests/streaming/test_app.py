from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from streaming.app import build_app, create_app
from streaming.http.openapi_document import operations, undescribed
from streaming.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from starlette.applications import Starlette

    from streaming.services import Services


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


async def test_the_openapi_document_is_valid(client: httpx.AsyncClient) -> None:
    answer = await client.get("/openapi.json")
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


async def test_every_route_is_in_the_document(client: httpx.AsyncClient, app: Starlette) -> None:
    assert undescribed(app.routes) == []
    paths = (await client.get("/openapi.json")).json()["paths"]
    described = {(path, method) for path, methods in paths.items() for method in methods}
    for expected in (
        ("/api/assets", "post"), ("/api/assets/{id}/events", "get"), ("/api/uploads", "options"),
        ("/api/uploads/multipart", "post"), ("/api/assets/{asset}/source", "put"), ("/api/sessions", "post"),
        ("/v/{asset}/index.m3u8", "get"), ("/api/tokens", "get"), ("/api/studio/login", "post"), ("/readyz", "get"),
    ):  # fmt: skip
        assert expected in described
    assert len(described) == len(list(operations(app.routes)))


async def test_operations_have_names_of_their_own(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    names = [operation["operationId"] for methods in paths.values() for operation in methods.values()]
    assert len(names) == len(set(names))


async def test_what_a_role_guards_is_guarded(client: httpx.AsyncClient, app: Starlette) -> None:
    """Whatever says that it needs a role answers 401 without one, before it looks at anything else."""
    for path, method, _, described in operations(app.routes):
        if described.role is not None:
            plain = path.replace("{number:int}", "1").replace("{", "").replace("}", "")
            answer = await client.request(method, plain, headers={"Tus-Resumable": "1.0.0"})
            assert answer.status_code == 401, (method, path, answer.text)


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


async def test_metrics_name_the_capability(client: httpx.AsyncClient) -> None:
    await client.get("/api/assets")
    await client.request("BREW", "/coffee")
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'channel_http_answer_seconds_count{capability="catalogue",method="GET",status="200"}' in answer.text
    assert 'capability="other",method="other",status="404"' in answer.text
    assert "channel_jobs_queued" in answer.text


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


async def test_the_app_works_beside_its_requests_and_stops(
    services: Services, eventually: Callable[..., Awaitable[None]]
) -> None:
    closed = asyncio.Event()

    async def close() -> None:
        closed.set()

    async def led() -> bool:
        return await services.infra.cache.get("channel:lease:reconciler") is not None

    app = build_app(services, close=close)
    async with app.router.lifespan_context(app):
        await eventually(led)
    assert closed.is_set()
    await eventually(lambda: not [task for task in asyncio.all_tasks() if task.get_name() == "reconciler"])


async def test_a_known_address_is_used_everywhere(settings: ServiceSettings, services: Services) -> None:
    known = replace(services, settings=replace(settings, public_url="https://video.example.org/"))
    transport = httpx.ASGITransport(app=build_app(known))
    async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.7") as client:
        document = (await client.get("/openapi.json")).json()
        assert document["servers"] == [{"url": "https://video.example.org"}]
