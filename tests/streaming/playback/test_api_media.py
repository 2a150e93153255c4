from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from manifests import layout
from manifests.layout import RenditionId
from transcoder.facts import Failure, write_failure

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from starlette.applications import Starlette

VIDEO = RenditionId("v360-1")
AUDIO = RenditionId("a1-1")
BODY = bytes(range(256)) * 4


@pytest.fixture
async def url(stage) -> str:
    """A segment that exists."""
    plan = await stage.playable()
    await stage.land(plan, VIDEO, 1, BODY)
    return f"/v/{plan.asset}/{VIDEO}/1.m4s"


async def test_a_segment(url: str, client: httpx.AsyncClient) -> None:
    answer = await client.get(url, headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.content) == (200, BODY)
    assert answer.headers["content-type"] == "video/iso.segment"
    assert answer.headers["content-length"] == str(len(BODY))
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["accept-ranges"] == "bytes"
    assert "content-encoding" not in answer.headers
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "ETag" in answer.headers["access-control-expose-headers"]


RANGES = {
    "bytes=0-": (0, 1024),
    "bytes=0-0": (0, 1),
    "bytes=100-199": (100, 200),
    "bytes=1000-9999": (1000, 1024),
    "bytes=-24": (1000, 1024),
    "bytes=-5000": (0, 1024),
}


async def test_ranges(url: str, client: httpx.AsyncClient) -> None:
    for asked, (start, stop) in RANGES.items():
        answer = await client.get(url, headers={"Range": asked, "Accept-Encoding": "gzip"})
        assert (answer.status_code, answer.content) == (206, BODY[start:stop])
        assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/1024"
        assert answer.headers["content-length"] == str(stop - start)
        assert "content-encoding" not in answer.headers


async def test_ranges_that_mean_the_whole(url: str, client: httpx.AsyncClient) -> None:
    for asked in ("bytes=1-0", "bytes=0-1,5-6", "lines=1-2", "bytes", "bytes=a-b"):
        answer = await client.get(url, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (200, BODY)


async def test_a_range_behind_the_end(url: str, client: httpx.AsyncClient) -> None:
    answer = await client.get(url, headers={"Range": "bytes=1024-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */1024")
    assert answer.json()["code"] == "range_not_satisfiable"
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_if_range(url: str, client: httpx.AsyncClient) -> None:
    etag = (await client.head(url)).headers["etag"]
    part = await client.get(url, headers={"Range": "bytes=0-9", "If-Range": etag})
    assert (part.status_code, part.content) == (206, BODY[:10])
    for other in ('"other"', f"W/{etag}", "Wed, 21 Oct 2015 07:28:00 GMT"):
        whole = await client.get(url, headers={"Range": "bytes=0-9", "If-Range": other})
        assert (whole.status_code, whole.content) == (200, BODY)


async def test_head_and_if_none_match(url: str, client: httpx.AsyncClient) -> None:
    head = await client.head(url, headers={"Range": "bytes=0-1"})
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "1024")
    for method in ("GET", "HEAD"):
        same = await client.request(method, url, headers={"If-None-Match": head.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["cache-control"] == "public, max-age=31536000, immutable"
    other = await client.get(url, headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, BODY)


async def test_types(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable()
    for rendition, kind in ((VIDEO, "video/mp4"), (AUDIO, "audio/mp4")):
        await stage.land(plan, rendition, None, b"init")
        answer = await client.get(f"/v/{plan.asset}/{rendition}/init.mp4")
        assert (answer.content, answer.headers["content-type"]) == (b"init", kind)


async def test_media_of_a_draft_is_private(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable(published=False)
    await stage.land(plan, VIDEO, 0, BODY)
    url = f"/v/{plan.asset}/{VIDEO}/0.m4s"
    assert (await client.get(url)).status_code == 403
    answer = await client.get(url, headers={"Authorization": "Bearer editor"})
    assert (answer.content, answer.headers["cache-control"]) == (BODY, "private, max-age=3600")


async def test_segments_that_are_not_planned(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable()
    for name in ("3", "01", "-1", "+1", "1e3", "99999999999", "x", "1%00", "%D9%A1"):
        answer = await client.get(f"/v/{plan.asset}/{VIDEO}/{name}.m4s")
        assert (answer.status_code, answer.json()["code"]) == (404, "segment_not_found")
        assert answer.headers["access-control-allow-origin"] == "*"
    assert await stage.engine.pending(plan.asset) == frozenset()


async def test_renditions_that_are_not_planned(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable()
    for path in ("v361-1/0.m4s", "v361-1/init.mp4", "v360-2/0.m4s"):
        answer = await client.get(f"/v/{plan.asset}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "rendition_not_found")


async def test_a_hundred_requests_for_a_missing_segment_are_one_task(
    stage, client: httpx.AsyncClient, eventually
) -> None:
    plan = await stage.playable()
    path = f"/v/{plan.asset}/{VIDEO}/2.m4s"
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(client.get(path)) for _ in range(100)]

        async def asked() -> bool:
            return bool(await stage.engine.pending(plan.asset))

        await eventually(asked)
        assert await stage.engine.pending(plan.asset) == {f"{plan.asset}/1/run/{VIDEO}/2"}
        await stage.land(plan, VIDEO, 2, BODY)
    assert {(task.result().status_code, task.result().content) for task in waiting} == {(200, BODY)}
    assert await stage.engine.pending(plan.asset) == {f"{plan.asset}/1/run/{VIDEO}/2"}


@pytest.mark.parametrize("headers", [{"Range": "bytes=10-19"}, {"If-None-Match": '"x"'}])
async def test_a_conditional_request_waits_too(
    headers: dict[str, str], stage, client: httpx.AsyncClient, eventually
) -> None:
    plan = await stage.playable()
    asked = asyncio.create_task(client.get(f"/v/{plan.asset}/{AUDIO}/init.mp4", headers=headers))

    async def wanted() -> bool:
        return await stage.engine.pending(plan.asset) == {f"{plan.asset}/1/run/{AUDIO}/0"}

    await eventually(wanted)
    await stage.land(plan, AUDIO, None, BODY)
    answer = await asked
    assert (answer.status_code, answer.content) in {(206, BODY[10:20]), (200, BODY)}


async def test_a_lost_signal_costs_time_only(stage, client: httpx.AsyncClient, eventually) -> None:
    plan = await stage.playable()
    asked = asyncio.create_task(client.get(f"/v/{plan.asset}/{VIDEO}/0.m4s"))

    async def wanted() -> bool:
        return bool(await stage.engine.pending(plan.asset))

    await eventually(wanted)
    await stage.store.put(layout.segment(plan.asset, VIDEO, 0), BODY, content_type="video/iso.segment")
    assert (await asked).content == BODY


async def test_patience_ends(stage, open_client: Callable[..., httpx.AsyncClient]) -> None:
    plan = await stage.playable()
    client = open_client(segment_wait_s=0.05)
    for path in (f"{VIDEO}/0.m4s", f"{AUDIO}/init.mp4"):
        answer = await client.get(f"/v/{plan.asset}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (503, "segment_pending")
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["cache-control"] == "no-store"
    await stage.land(plan, VIDEO, 0, BODY)
    assert (await client.get(f"/v/{plan.asset}/{VIDEO}/0.m4s")).content == BODY


async def test_a_failure_ends_the_wait(stage, client: httpx.AsyncClient, eventually) -> None:
    plan = await stage.playable()
    asked = asyncio.create_task(client.get(f"/v/{plan.asset}/{VIDEO}/0.m4s"))

    async def wanted() -> bool:
        return bool(await stage.engine.pending(plan.asset))

    await eventually(wanted)
    failure = Failure(code="truncated", message="The file ends too early.")
    await write_failure(stage.store, plan.asset, plan.version, failure)
    answer = await asked
    assert (answer.status_code, answer.json()["reason"]) == (410, "truncated")


async def test_a_client_that_goes_away_closes_the_stream_from_the_store(stage, app: Starlette) -> None:
    plan = await stage.playable()
    await stage.land(plan, VIDEO, 0, bytes(8 * 1024 * 1024))
    gone = asyncio.Event()
    sent = 0

    async def receive() -> dict[str, object]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        nonlocal sent
        if message["type"] == "http.response.body":
            sent += len(message["body"])
            gone.set()
            await asyncio.Event().wait()  # a client that does not read: only its going away ends this

    scope = {
        "type": "http", "method": "GET", "path": f"/v/{plan.asset}/{VIDEO}/0.m4s", "raw_path": b"", "query_string": b"",
        "headers": [], "scheme": "http", "server": ("api", 80), "client": ("viewer", 1), "root_path": "",
        "http_version": "1.1", "asgi": {"version": "3.0"},
    }  # fmt: skip
    async with asyncio.timeout(60):
        await app(scope, receive, send)
    assert 0 < sent < 8 * 1024 * 1024
