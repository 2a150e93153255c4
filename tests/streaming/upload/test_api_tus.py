from __future__ import annotations

import base64
import hashlib
import socket
import threading
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import httpx
from sqlalchemy import update

from manifests.layout import AssetId, UploadId
from streaming.catalog.model import AssetState
from streaming.http.auth import Role
from streaming.upload.tables import uploads as table
from streaming.upload.turns import Turns
from streaming.upload.tus import BODY_TYPE, dump_metadata
from transcoder.sources.pieces import find_source

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pytest

    from infra.s3 import S3Store
    from streaming.services import Services

_MIB = 1 << 20


def _checksum(body: bytes) -> str:
    return "sha1 " + base64.b64encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()


async def _create(editor: httpx.AsyncClient, length: int, **values: str) -> str:
    headers = {"Upload-Length": str(length), "Upload-Metadata": dump_metadata({"filename": "goal.mp4", **values})}
    answer = await editor.post("/api/uploads", headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


async def _patch(editor: httpx.AsyncClient, url: str, offset: int, body: Any, **headers: str) -> httpx.Response:
    return await editor.patch(
        url, content=body, headers={"Upload-Offset": str(offset), "Content-Type": BODY_TYPE, **headers}
    )


async def _offset(editor: httpx.AsyncClient, url: str) -> int:
    answer = await editor.head(url)
    assert answer.status_code == 200
    return int(answer.headers["Upload-Offset"])


async def test_discovery_needs_nothing(server: str) -> None:
    async with httpx.AsyncClient(base_url=server, trust_env=False, timeout=60) as anybody:
        answer = await anybody.options("/api/uploads")
    assert answer.status_code == 204
    assert answer.headers["Tus-Resumable"] == answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation", "creation-with-upload", "creation-defer-length", "checksum", "expiration", "termination",
    }  # fmt: skip
    assert answer.headers["Tus-Max-Size"] == str(64 * _MIB)
    assert "sha1" in answer.headers["Tus-Checksum-Algorithm"].split(",")


async def test_an_upload_from_begin_to_end(
    editor: httpx.AsyncClient, services: Services, bucket: Callable[[str], Awaitable[bytes]], noise: bytes
) -> None:
    length = 11 * _MIB + 5
    sent = dump_metadata({"filename": "goal.mp4", "title": "Goal", "note": "kept"})
    created = await editor.post("/api/uploads", headers={"Upload-Length": str(length), "Upload-Metadata": sent})
    assert created.status_code == 201
    url, asset = created.headers["Location"], created.headers["Channel-Asset-Id"]
    assert created.headers["Upload-Expires"].endswith("GMT")
    assert (await services.catalogue.get(AssetId(asset))).state is AssetState.UPLOADING

    first = await _patch(editor, url, 0, noise[: 6 * _MIB])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, str(6 * _MIB))
    assert first.headers["Upload-Expires"].endswith("GMT")

    head = await editor.head(url)
    assert (head.status_code, head.headers["Cache-Control"]) == (200, "no-store")
    assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == (str(6 * _MIB), str(length))
    assert head.headers["Upload-Metadata"] == sent

    last = await _patch(editor, url, 6 * _MIB, noise[6 * _MIB : length])
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(length))
    assert "Upload-Expires" not in last.headers
    assert await bucket(asset) == noise[:length]
    arrived = await services.catalogue.get(AssetId(asset))
    assert (arrived.state, arrived.titles["en"], arrived.source_size) == (AssetState.INDEXING, "Goal", length)

    # The answer to the last PATCH may be lost: asking again says the same.
    assert await _offset(editor, url) == length
    again = await _patch(editor, url, length, b"")
    assert (again.status_code, again.headers["Upload-Offset"]) == (204, str(length))
    assert all(answer.headers["Tus-Resumable"] == "1.0.0" for answer in (created, first, head, last, again))


async def test_creation_with_upload(editor: httpx.AsyncClient, bucket: Callable[[str], Awaitable[bytes]]) -> None:
    answer = await editor.post(
        "/api/uploads", content=b"hello", headers={"Upload-Length": "5", "Content-Type": BODY_TYPE}
    )
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "5")
    assert await bucket(answer.headers["Channel-Asset-Id"]) == b"hello"


async def test_a_length_that_comes_later(editor: httpx.AsyncClient, bucket: Callable[[str], Awaitable[bytes]]) -> None:
    created = await editor.post("/api/uploads", headers={"Upload-Defer-Length": "1"})
    url = created.headers["Location"]
    await _patch(editor, url, 0, b"hel")
    head = await editor.head(url)
    assert (head.headers["Upload-Defer-Length"], "Upload-Length" in head.headers) == ("1", False)
    assert (await _patch(editor, url, 3, b"lo", **{"Upload-Length": "5"})).status_code == 204
    assert await bucket(created.headers["Channel-Asset-Id"]) == b"hello"


async def test_checksums(editor: httpx.AsyncClient, bucket: Callable[[str], Awaitable[bytes]], noise: bytes) -> None:
    length = 7 * _MIB
    created = await editor.post("/api/uploads", headers={"Upload-Length": str(length)})
    url = created.headers["Location"]
    await _patch(editor, url, 0, b"\0" * 10)
    wrong = await _patch(editor, url, 10, noise[: 6 * _MIB], **{"Upload-Checksum": _checksum(b"other")})
    assert (wrong.status_code, wrong.json()["code"]) == (460, "checksum_mismatch")
    assert await _offset(editor, url) == 10
    assert (await _patch(editor, url, 10, b"x", **{"Upload-Checksum": "crc7 AAAA"})).status_code == 400
    rest = noise[10:length]
    right = await _patch(editor, url, 10, rest, **{"Upload-Checksum": _checksum(rest)})
    assert right.status_code == 204
    assert await bucket(created.headers["Channel-Asset-Id"]) == b"\0" * 10 + rest


async def test_method_override(editor: httpx.AsyncClient) -> None:
    for method, offset in (("PATCH", "5"), ("HEAD", "0"), ("DELETE", None)):
        url = await _create(editor, 10)
        headers = {"X-HTTP-Method-Override": method, "Upload-Offset": "0", "Content-Type": BODY_TYPE}
        answer = await editor.post(url, content=b"hello" if method == "PATCH" else b"", headers=headers)
        assert answer.status_code == (200 if method == "HEAD" else 204)
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        assert (await editor.head(url)).headers.get("Upload-Offset") == offset


async def test_attach_and_publish(
    editor: httpx.AsyncClient, services: Services, bearer: Callable[[Role], Awaitable[dict[str, str]]]
) -> None:
    asset = await services.catalogue.create(titles={"en": "Made before"}, created_by="test")
    values = {"Upload-Length": "5", "Upload-Metadata": dump_metadata({"asset": asset.id, "publish": "true"})}
    refused = await editor.post("/api/uploads", headers=values)
    assert (refused.status_code, refused.json()["code"]) == (403, "role_too_low")
    publisher = await bearer(Role.PUBLISHER)
    created = await editor.post(
        "/api/uploads", content=b"hello", headers={**values, **publisher, "Content-Type": BODY_TYPE}
    )
    assert (created.status_code, created.headers["Channel-Asset-Id"]) == (201, asset.id)
    assert (await services.catalogue.get(asset.id)).editorial == "published"


# --- bad input: the right status, what to do, and the next good request works ---------------------------------------

_CREATIONS = [
    ({}, b"", 400, "malformed_header"),
    ({"Upload-Length": "ten"}, b"", 400, "malformed_header"),
    ({"Upload-Length": "-1"}, b"", 400, "malformed_header"),
    ({"Upload-Length": "5", "Upload-Defer-Length": "1"}, b"", 400, "malformed_header"),
    ({"Upload-Length": "5", "Upload-Metadata": "filename !!"}, b"", 400, "malformed_header"),
    ({"Upload-Length": "5", "Upload-Concat": "partial"}, b"", 400, "bad_request"),
    ({"Upload-Length": "0"}, b"", 422, "empty"),
    ({"Upload-Length": str(65 * _MIB)}, b"", 413, "upload_too_large"),
    ({"Upload-Length": "5", "Tus-Resumable": "0.2.2"}, b"", 412, "wrong_tus_version"),
    ({"Upload-Length": "5", "Content-Type": "video/mp4"}, b"hello", 415, "unsupported_media_type"),
    ({"Upload-Length": "4", "Content-Type": BODY_TYPE}, b"hello", 413, "longer_than_declared"),
    (
        {"Upload-Length": "5", "Content-Type": BODY_TYPE, "Upload-Checksum": _checksum(b"!")},
        b"hello", 460, "checksum_mismatch",
    ),
    ({"Upload-Length": "5", "Authorization": "Bearer wrong"}, b"", 401, "invalid_token"),
    ({"Upload-Length": "5", "Upload-Metadata": dump_metadata({"asset": "nobody"})}, b"", 404, "asset_not_found"),
]  # fmt: skip


async def test_creations_that_are_refused(editor: httpx.AsyncClient) -> None:
    for headers, body, status, code in _CREATIONS:
        answer = await editor.post("/api/uploads", headers=headers, content=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), headers
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        assert answer.json()["detail"]
        assert await _offset(editor, await _create(editor, 5)) == 0


_PATCHES = [
    ({"Upload-Offset": "3"}, b"x", 409, "wrong_offset"),
    ({"Upload-Offset": "x"}, b"x", 400, "malformed_header"),
    ({"Content-Type": "application/octet-stream"}, b"x", 415, "unsupported_media_type"),
    ({"Upload-Checksum": _checksum(b"other")}, b"x", 460, "checksum_mismatch"),
    ({"Tus-Resumable": "2.0.0"}, b"x", 412, "wrong_tus_version"),
    ({"Authorization": "Bearer wrong"}, b"x", 401, "invalid_token"),
    ({}, b"x" * 11, 413, "longer_than_declared"),
    ({"Upload-Length": "9"}, b"x", 400, "malformed_header"),
]


async def test_patches_that_are_refused_lose_nothing(editor: httpx.AsyncClient) -> None:
    for headers, body, status, code in _PATCHES:
        url = await _create(editor, 10)
        assert (await _patch(editor, url, 0, b"01234")).status_code == 204
        answer = await _patch(editor, url, 5, body, **headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), headers
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        assert await _offset(editor, url) == 5
        assert (await _patch(editor, url, 5, b"56789")).headers["Upload-Offset"] == "10"


async def test_roles(
    server: str, editor: httpx.AsyncClient, bearer: Callable[[Role], Awaitable[dict[str, str]]]
) -> None:
    url = await _create(editor, 10)
    viewer = await bearer(Role.VIEWER_SERVICE)
    async with httpx.AsyncClient(
        base_url=server, headers={"Tus-Resumable": "1.0.0"}, trust_env=False, timeout=60
    ) as anybody:
        for method, path in (("POST", "/api/uploads"), ("HEAD", url), ("DELETE", url)):
            nobody = await anybody.request(method, path, headers={"Upload-Length": "5"})
            assert (nobody.status_code, nobody.headers["WWW-Authenticate"][:6]) == (401, "Bearer")
            low = await anybody.request(method, path, headers={"Upload-Length": "5", **viewer})
            assert low.status_code == 403
    assert await _offset(editor, url) == 0


async def test_unknown_terminated_and_expired_uploads(editor: httpx.AsyncClient, services: Services) -> None:
    for method in ("HEAD", "PATCH", "DELETE"):
        headers = {"Upload-Offset": "0", "Content-Type": BODY_TYPE}
        assert (await editor.request(method, "/api/uploads/unknown", headers=headers)).status_code == 404
    url = await _create(editor, 10)
    assert (await editor.delete(url)).status_code == 204
    assert (await _patch(editor, url, 0, b"x")).json()["code"] == "upload_gone"
    assert (await editor.head(url)).status_code == 410
    assert (await editor.delete(url)).status_code == 410

    expired = await _create(editor, 10)
    async with services.infra.sql.begin() as connection:
        mine = table.c.id == UploadId(expired.rpartition("/")[2])
        await connection.execute(update(table).where(mine).values(expires_at=table.c.created_at))
    answer = await _patch(editor, expired, 0, b"x")
    assert (answer.status_code, answer.json()["code"]) == (410, "upload_gone")
    assert (await _patch(editor, await _create(editor, 1), 0, b"x")).status_code == 204


async def test_other_methods(editor: httpx.AsyncClient) -> None:
    for method, path, allowed in (
        ("GET", "/api/uploads", "OPTIONS, POST"),
        ("GET", await _create(editor, 1), "OPTIONS, HEAD, PATCH, DELETE"),
        ("POST", await _create(editor, 1), "OPTIONS, HEAD, PATCH, DELETE"),
    ):
        answer = await editor.request(method, path)
        assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
        assert answer.headers["Tus-Resumable"] == "1.0.0"


# --- connections ----------------------------------------------------------------------------------------------------


def _open(server: str, editor: httpx.AsyncClient, url: str, offset: int, length: int) -> socket.socket:
    """A PATCH whose body the test sends by hand."""
    where = urlsplit(server)
    line = socket.create_connection((where.hostname, where.port))
    line.sendall(
        f"PATCH {url} HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: {editor.headers['Authorization']}\r\n"
        f"Tus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\nContent-Type: {BODY_TYPE}\r\n"
        f"Content-Length: {length}\r\n\r\n".encode()
    )
    return line


async def test_a_cut_keeps_what_has_arrived(
    server: str,
    editor: httpx.AsyncClient,
    services: Services,
    noise: bytes,
    eventually: Callable[..., Awaitable[None]],
    bucket: Callable[[str], Awaitable[bytes]],
) -> None:
    created = await editor.post("/api/uploads", headers={"Upload-Length": str(4 * _MIB)})
    url = created.headers["Location"]
    with _open(server, editor, url, 0, 4 * _MIB) as line:
        await anyio.to_thread.run_sync(line.sendall, noise[: 3 * _MIB])

    async def ended() -> bool:
        upload = await services.uploads.records.get(UploadId(url.rpartition("/")[2]))
        return upload is not None and upload.epoch >= 1 and not upload.writing

    await eventually(ended)
    offset = await _offset(editor, url)
    # The HTTP server keeps for itself what it has read and not handed over when the connection ends.
    assert 2 * _MIB < offset <= 3 * _MIB
    assert (await _patch(editor, url, offset, noise[offset : 4 * _MIB])).status_code == 204
    assert await bucket(created.headers["Channel-Asset-Id"]) == noise[: 4 * _MIB]


async def test_a_slow_body_is_read_by_others_while_it_flows(
    server: str,
    editor: httpx.AsyncClient,
    store: S3Store,
    noise: bytes,
    eventually: Callable[..., Awaitable[None]],
    bucket: Callable[[str], Awaitable[bytes]],
) -> None:
    created = await editor.post("/api/uploads", headers={"Upload-Length": "250000"})
    asset = AssetId(created.headers["Channel-Asset-Id"])

    async def readable(size: int) -> bool:
        source = await find_source(store, asset, 1)
        return source is not None and source.arrived == size

    with _open(server, editor, created.headers["Location"], 0, 250_000) as line:
        for end in (1, 1000, 150_000):
            source = await find_source(store, asset, 1)
            await anyio.to_thread.run_sync(line.sendall, noise[0 if source is None else source.arrived : end])
            await eventually(partial(readable, end))
        await anyio.to_thread.run_sync(line.sendall, noise[150_000:250_000])
        assert b" 204 " in await anyio.to_thread.run_sync(line.recv, 4096)
    assert await bucket(asset) == noise[:250_000]


async def test_a_client_that_comes_back_before_the_cut_is_noticed_goes_on(
    server: str, editor: httpx.AsyncClient, noise: bytes, bucket: Callable[[str], Awaitable[bytes]]
) -> None:
    created = await editor.post("/api/uploads", headers={"Upload-Length": "10000"})
    url = created.headers["Location"]
    with _open(server, editor, url, 0, 10_000) as line:  # stays open: the server can not know that nobody is there
        line.sendall(noise[:1234])
        offset = 0
        while offset == 0:  # the first look may come before the bytes
            offset = await _offset(editor, url)
        assert offset == 1234
        answer = await _patch(editor, url, 1234, noise[1234:10_000])
        assert answer.status_code == 204
    assert await bucket(created.headers["Channel-Asset-Id"]) == noise[:10_000]


async def test_two_writers_at_once(
    server: str,
    editor: httpx.AsyncClient,
    services: Services,
    noise: bytes,
    eventually: Callable[..., Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # On a machine with other things to do the first one may neither write nor renew its lease for a second.
    patient = replace(
        services.uploads.settings,
        stall=timedelta(seconds=30),
        lease=timedelta(seconds=5),
        patience=timedelta(seconds=6),
    )
    monkeypatch.setattr(services.uploads, "_turns", Turns(services.infra.cache, patient))
    url = await _create(editor, 6 * _MIB)
    refused = threading.Event()

    def keep_busy(line: socket.socket) -> None:
        while not refused.wait(0.01):
            line.sendall(b"\0")

    async def begun() -> bool:
        upload = await services.uploads.records.get(UploadId(url.rpartition("/")[2]))
        return upload is not None and upload.writing

    with _open(server, editor, url, 0, 6 * _MIB) as line:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.to_thread.run_sync, keep_busy, line)
            await eventually(begun)
            answer = await _patch(editor, url, 0, noise[:100])
            refused.set()
    assert (answer.status_code, answer.json()["code"]) == (423, "somebody_is_writing")
    assert answer.headers["Retry-After"] == "1"
    offset = await _offset(editor, url)
    assert (await _patch(editor, url, offset, noise[offset : 6 * _MIB])).status_code == 204
