from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest

from manifests import layout
from manifests.layout import AssetId
from streaming.catalog.model import AssetState
from streaming.http.auth import Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from infra.settings import S3Settings
    from streaming.services import Services

_MIB = 1 << 20
_URL = "/api/uploads/multipart"


@pytest.fixture
async def browser() -> Any:
    """Somebody without a token: what a presigned URL allows is all that is allowed."""
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        yield client


async def _begin(editor: httpx.AsyncClient, size: int, **more: Any) -> dict[str, Any]:
    answer = await editor.post(_URL, json={"filename": "goal.mp4", "size": size, "type": "video/mp4", **more})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{_URL}/{answer.json()['id']}"
    assert answer.headers["Channel-Asset-Id"] == answer.json()["asset"]
    return answer.json()  # type: ignore[no-any-return]


async def test_a_browser_uploads_into_the_bucket(
    editor: httpx.AsyncClient,
    browser: httpx.AsyncClient,
    services: Services,
    s3_settings: S3Settings,
    noise: bytes,
) -> None:
    size = 11 * _MIB + 7
    begun = await _begin(editor, size, title="Goal")
    url = f"{_URL}/{begun['id']}"
    assert (begun["part_size"], begun["part_count"], begun["state"]) == (5 * _MIB, 3, "open")

    too_early = await editor.post(f"{url}/complete")
    assert (too_early.status_code, too_early.json()["missing"]) == (409, [1, 2, 3])

    signed = (await editor.post(f"{url}/parts", json={"numbers": [1, 3]})).json()["parts"]
    for part in signed:
        body = noise[part["offset"] : part["offset"] + part["size"]]
        assert (await browser.put(part["url"], content=body)).status_code == 200
    held = (await editor.get(url)).json()
    assert (held["held"], held["missing"]) == ([1, 3], [2])

    second = (await editor.get(f"{url}/parts/2")).json()
    body = noise[second["offset"] : second["offset"] + second["size"]]
    assert (await browser.put(second["url"], content=body[:-1])).status_code == 200
    assert (await editor.post(f"{url}/complete")).json()["missing"] == [2]
    assert (await browser.put(second["url"], content=body)).status_code == 200

    for _ in range(2):  # again is harmless
        done = await editor.post(f"{url}/complete")
        assert (done.status_code, done.json()["state"]) == (200, "done")
    assert (await editor.get(url)).json()["missing"] == []
    asset = await services.catalogue.get(AssetId(begun["asset"]))
    assert (asset.state, asset.source_size, asset.titles["en"]) == (AssetState.INDEXING, size, "Goal")
    amazon = boto3.client(
        "s3", endpoint_url=s3_settings.endpoint_url, region_name="us-east-1",
        aws_access_key_id="test", aws_secret_access_key="testtest",
    )  # fmt: skip
    stored = amazon.get_object(Bucket=s3_settings.bucket, Key=layout.source_piece(asset.id, 1))
    assert stored["ContentType"] == "video/mp4"
    assert stored["Body"].read() == noise[:size]


async def test_abort(editor: httpx.AsyncClient, browser: httpx.AsyncClient, services: Services) -> None:
    begun = await _begin(editor, 5)
    url = f"{_URL}/{begun['id']}"
    part = (await editor.get(f"{url}/parts/1")).json()
    assert (await editor.delete(url)).status_code == 204
    assert (await browser.put(part["url"], content=b"hello")).is_error
    for answer in (await editor.get(url), await editor.post(f"{url}/complete"), await editor.delete(url)):
        assert (answer.status_code, answer.json()["code"]) == (410, "upload_gone")
    assert (await services.catalogue.get(AssetId(begun["asset"]))).state is AssetState.CREATED


async def test_beginnings_that_are_refused(editor: httpx.AsyncClient) -> None:
    for body, status, code in (
        ({"filename": "a.mp4", "size": 0}, 422, "empty"),
        ({"filename": "a.mp4", "size": -1}, 422, "empty"),
        ({"filename": "a.mp4", "size": 65 * _MIB}, 413, "upload_too_large"),
        ({"filename": "a.mp4"}, 422, "invalid_field"),
        ({"filename": "a.mp4", "size": "5"}, 422, "invalid_field"),
        ({"filename": "a.mp4", "size": 5, "asset": "nobody"}, 404, "asset_not_found"),
        ({"filename": "a.mp4", "size": 5, "asset": "no/body"}, 422, "invalid_field"),
        ({"filename": "a.mp4", "size": 5, "publish": True}, 403, "role_too_low"),
    ):
        answer = await editor.post(_URL, json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["Content-Type"] == "application/problem+json"
        await _begin(editor, 5)


async def test_parts_that_there_are_not(editor: httpx.AsyncClient) -> None:
    begun = await _begin(editor, 5)
    url = f"{_URL}/{begun['id']}"
    for answer in (
        await editor.get(f"{url}/parts/0"),
        await editor.get(f"{url}/parts/2"),
        await editor.post(f"{url}/parts", json={"numbers": [1, 2]}),
    ):
        assert (answer.status_code, answer.json()["code"], answer.json()["part_count"]) == (422, "no_such_part", 1)
    assert (await editor.post(f"{url}/parts", json={"numbers": []})).status_code == 422
    assert (await editor.get(f"{url}/parts/1")).status_code == 200


async def test_ids_and_roles(editor: httpx.AsyncClient, bearer: Callable[[Role], Awaitable[dict[str, str]]]) -> None:
    viewer = await bearer(Role.VIEWER_SERVICE)
    assert (await editor.get(f"{_URL}/unknown")).status_code == 404
    assert (await editor.get(f"{_URL}/unknown", headers=viewer)).status_code == 403
    tus = await editor.post("/api/uploads", headers={"Upload-Length": "5"})
    answer = await editor.post(f"{_URL}/{tus.headers['Location'].rpartition('/')[2]}/complete")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_this_way")
