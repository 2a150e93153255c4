from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from infra.errors import DatabaseUnavailable, StoreFull
from streaming.http.cors import Cors
from streaming.http.errors import HANDLERS, ErrorBoundary
from streaming.http.problem import Conflict, InternalError, Unavailable, from_status
from streaming.http.security import SecurityHeaders

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

RAISED = {
    "conflict": Conflict("It is so.", headers={"X-More": "1"}, more=[1]),
    "database": DatabaseUnavailable("postgresql://user:secret@host does not answer"),
    "full": StoreFull("sources/a/1: XMinioStorageFull"),
    "teapot": HTTPException(418, "I am one"),
    "bug": RuntimeError("secret"),
}


async def fail(request: Request) -> Response:
    raise RAISED[request.path_params["kind"]]


async def cut(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("secret")

    return StreamingResponse(pieces())


async def fine(request: Request) -> Response:
    return PlainTextResponse("fine")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(
        routes=[
            Route("/fail/{kind}", fail), Route("/cut", cut),
            Route("/thing", fine, methods=["GET"]), Route("/thing", fine, methods=["PATCH"]),
        ],
        exception_handlers=HANDLERS,
        middleware=[Middleware(Cors), Middleware(SecurityHeaders), Middleware(ErrorBoundary)],
    )  # fmt: skip
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://channel.test") as client:
        yield client


async def test_an_error_is_a_problem_with_its_extensions(client: httpx.AsyncClient) -> None:
    answer = await client.get("/fail/conflict")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-more"] == "1"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "type": "urn:channel:problem:conflict", "title": "Conflict", "status": 409, "detail": "It is so.",
        "code": "conflict", "more": [1],
    }  # fmt: skip


async def test_an_outage_is_503_and_names_no_host(client: httpx.AsyncClient) -> None:
    answer = await client.get("/fail/database")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert "secret" not in answer.text


async def test_a_full_store_is_507_and_says_what_to_do(client: httpx.AsyncClient) -> None:
    answer = await client.get("/fail/full")
    assert (answer.status_code, answer.json()["code"]) == (507, "insufficient_storage")
    assert "Free some" in answer.json()["detail"]


async def test_a_bug_is_500_and_tells_nothing(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = await client.get("/fail/bug")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "secret" not in answer.text
    assert "/fail/bug" in caplog.text


async def test_an_error_within_a_body_cuts_it(client: httpx.AsyncClient) -> None:
    with pytest.raises(RuntimeError):
        await client.get("/cut")


async def test_the_routers_own_errors_are_problems_too(client: httpx.AsyncClient) -> None:
    missing = await client.get("/nowhere")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    method = await client.delete("/thing")
    assert (method.status_code, method.json()["code"]) == (405, "method_not_allowed")
    assert method.headers["allow"] == "GET, HEAD, PATCH"
    assert (await client.get("/fail/teapot")).json()["detail"] == "I am one"


@pytest.mark.parametrize("path", ["/thing", "/nowhere", "/fail/conflict", "/fail/bug", "/fail/database"])
async def test_every_answer_has_cors_and_security_headers(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"Origin": "https://player.test"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_status_finds_its_error() -> None:
    assert isinstance(from_status(599), InternalError)
    assert isinstance(from_status(503), InternalError)
    assert from_status(404, "Not Found").detail != "Not Found"


def test_a_retry_is_at_a_time() -> None:
    assert Unavailable(retry_after=7).headers["Retry-After"] == "7"
