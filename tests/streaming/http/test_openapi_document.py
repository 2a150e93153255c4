from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from streaming.http.openapi_document import operations, undescribed

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from starlette.applications import Starlette


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
