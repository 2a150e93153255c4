from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from manifests import layout
from streaming.catalog.model import AssetState
from streaming.http.auth import Role
from transcoder.sources.pieces import find_source

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import httpx

    from infra.s3 import S3Store
    from manifests.layout import AssetId
    from streaming.services import Services

_MIB = 1 << 20


@pytest.fixture
async def asset(services: Services) -> AssetId:
    return (await services.catalogue.create(titles={"en": "Goal"}, created_by="test")).id


def _sha256(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


async def _blocks(body: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(body), 300_000):
        yield body[at : at + 300_000]


@pytest.mark.parametrize("chunked", [False, True])
async def test_put(
    editor: httpx.AsyncClient,
    services: Services,
    asset: AssetId,
    noise: bytes,
    bucket: Callable[[str], Awaitable[bytes]],
    chunked: bool,
) -> None:
    body = noise[: 11 * _MIB]
    answer = await editor.put(
        f"/api/assets/{asset}/source?filename=goal.mp4",
        content=_blocks(body) if chunked else body,
        headers={"Content-Type": "video/mp4", "Repr-Digest": _sha256(body)},
    )
    assert answer.status_code == 201
    assert answer.json() == {"asset": asset, "version": 1, "size": len(body)}
    assert await bucket(asset) == body
    arrived = await services.catalogue.get(asset)
    assert (arrived.state, arrived.source_filename) == (AssetState.INDEXING, "goal.mp4")


async def test_what_is_refused_leaves_nothing(editor: httpx.AsyncClient, services: Services, store: S3Store) -> None:
    for headers, body, status, code in (
        ({"Content-Range": "bytes 0-4/10"}, b"hello", 400, "partial_put"),
        ({"Repr-Digest": _sha256(b"other")}, b"hello", 400, "digest_mismatch"),
        ({"Content-MD5": "AAAA"}, b"hello", 400, "malformed_header"),
        ({}, b"", 422, "empty"),
        ({}, b"\0" * (64 * _MIB + 1), 413, "upload_too_large"),
        ({"Authorization": "Bearer wrong"}, b"hello", 401, "invalid_token"),
    ):
        asset = (await services.catalogue.create(titles={"en": "Goal"}, created_by="test")).id
        answer = await editor.put(f"/api/assets/{asset}/source", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert (await services.catalogue.get(asset)).state is AssetState.CREATED
        assert [stat.key async for stat in store.list(layout.source_prefix(asset))] == []
        assert (await editor.put(f"/api/assets/{asset}/source", content=b"hello")).status_code == 201


async def test_an_empty_chunked_body(editor: httpx.AsyncClient, asset: AssetId) -> None:
    answer = await editor.put(f"/api/assets/{asset}/source", content=_blocks(b""))
    assert (answer.status_code, answer.json()["code"]) == (422, "empty")


async def test_an_unknown_asset_and_one_that_has_its_source(editor: httpx.AsyncClient, asset: AssetId) -> None:
    assert (await editor.put("/api/assets/nobody/source", content=b"hello")).json()["code"] == "asset_not_found"
    assert (await editor.put(f"/api/assets/{asset}/source", content=b"hello")).status_code == 201
    again = await editor.put(f"/api/assets/{asset}/source", content=b"hello")
    assert (again.status_code, again.json()["code"]) == (409, "illegal_transition")


async def test_roles(
    editor: httpx.AsyncClient, asset: AssetId, bearer: Callable[[Role], Awaitable[dict[str, str]]]
) -> None:
    viewer = await bearer(Role.VIEWER_SERVICE)
    assert (await editor.put(f"/api/assets/{asset}/source", content=b"x", headers=viewer)).status_code == 403


@pytest.mark.parametrize("framing", ["Content-Length: 20000000", "Transfer-Encoding: chunked"])
async def test_a_body_that_is_cut_short_does_not_become_a_source(
    server: str,
    editor: httpx.AsyncClient,
    services: Services,
    store: S3Store,
    asset: AssetId,
    noise: bytes,
    eventually: Callable[..., Awaitable[None]],
    framing: str,
) -> None:
    where = urlsplit(server)
    with socket.create_connection((where.hostname, where.port)) as line:
        line.setblocking(False)
        head = (
            f"PUT /api/assets/{asset}/source HTTP/1.1\r\nHost: {where.netloc}\r\n"
            f"Authorization: {editor.headers['Authorization']}\r\n{framing}\r\n\r\n"
        ).encode()
        body = noise[: 6 * _MIB]
        sent = head + (b"%x\r\n%b\r\n" % (len(body), body) if "chunked" in framing else body)
        await asyncio.get_running_loop().sock_sendall(line, sent)

        async def readable() -> bool:
            source = await find_source(store, asset, 1)
            return source is not None and source.arrived > 5 * _MIB

        await eventually(readable)

    async def given_up() -> bool:
        return (await services.catalogue.get(asset)).state is AssetState.CREATED

    await eventually(given_up)
    assert [stat.key async for stat in store.list("")] == []
    assert (await editor.put(f"/api/assets/{asset}/source", content=b"hello")).status_code == 201
