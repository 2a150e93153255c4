"""One contract suite for every object store: memory, moto, and the embedded S3 server."""

from __future__ import annotations

import asyncio
import hashlib
import os
import resource
import socket
import subprocess
import sys
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

from infra.errors import ObjectExists, ObjectNotFound, ObjectStoreError, RangeUnsatisfiable, UploadNotFound
from infra.memory import MemoryStore
from infra.s3 import S3Store
from infra.settings import S3Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from infra.ports import MultipartStore, ObjectStore

    class Store(ObjectStore, MultipartStore): ...


MIB = 1024 * 1024


@pytest.fixture(scope="module")
def nanio(
    tmp_path_factory: pytest.TempPathFactory,
    free_port: Callable[[], int],
    wait_for: Callable[[Callable[[], bool], str], None],
) -> Iterator[str]:
    """The embedded S3 server over a plain directory."""
    port = free_port()
    environment = {**os.environ, "NANIO_ACCESS_KEY": "test", "NANIO_SECRET_KEY": "testtest"}
    server = subprocess.Popen(
        [
            sys.executable, "-m", "infra.local.s3", "--port", str(port),
            "--data-dir", str(tmp_path_factory.mktemp("nanio")),
        ],
        env=environment,
    )  # fmt: skip

    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_for(answers, "nanio did not start")
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.wait()


# Any other store may be held to the contract: CHANNEL_TEST_S3_URL, CHANNEL_TEST_S3_KEY and CHANNEL_TEST_S3_SECRET.
OTHERS = ["other"] if "CHANNEL_TEST_S3_URL" in os.environ else []


@pytest.fixture(params=["memory", "moto", "nanio", *OTHERS])
async def any_store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    settings: S3Settings = request.getfixturevalue("s3_settings")
    if request.param == "nanio":
        settings = S3Settings(
            endpoint_url=request.getfixturevalue("nanio"),
            bucket=f"test-{uuid4().hex}",
            access_key_id="test",
            secret_access_key="testtest",
        )
    if request.param == "other":
        settings = S3Settings(
            endpoint_url=os.environ["CHANNEL_TEST_S3_URL"],
            bucket=f"test-{uuid4().hex}",
            access_key_id=os.environ["CHANNEL_TEST_S3_KEY"],
            secret_access_key=os.environ["CHANNEL_TEST_S3_SECRET"],
        )
    store = S3Store(settings)
    await store.ensure_bucket()
    yield store
    await store.aclose()


async def _read(store: Store, key: str, *, start: int = 0, length: int | None = None) -> bytes:
    body = await store.get(key, start=start, length=length)
    whole = b"".join([block async for block in body.stream])
    assert len(whole) == body.length
    return whole


async def test_what_was_put_comes_back(any_store: Store) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    put = await any_store.put("media/a/0.m4s", b"segment", content_type="video/mp4", cache_control="max-age=5")
    stat = await any_store.head("media/a/0.m4s")
    assert stat is not None
    assert (stat.key, stat.size, stat.etag) == ("media/a/0.m4s", 7, put.etag)
    assert (stat.content_type, stat.cache_control) == ("video/mp4", "max-age=5")
    assert stat.etag == hashlib.md5(b"segment", usedforsecurity=False).hexdigest()
    assert before <= stat.modified <= datetime.now(UTC) + timedelta(seconds=2)
    assert await any_store.read("media/a/0.m4s") == b"segment"


async def test_an_empty_object(any_store: Store) -> None:
    await any_store.put("empty", b"", content_type="text/plain")
    assert await any_store.read("empty") == b""
    with pytest.raises(RangeUnsatisfiable):
        await any_store.get("empty", start=0, length=1)


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [(0, None, b"0123456789"), (3, None, b"3456789"), (2, 3, b"234"), (0, 1, b"0"), (8, 100, b"89"), (9, 1, b"9")],
)
async def test_ranges(any_store: Store, start: int, length: int | None, expected: bytes) -> None:
    await any_store.put("digits", b"0123456789", content_type="text/plain")
    body = await any_store.get("digits", start=start, length=length)
    async with aclosing(body.stream):
        assert (body.stat.size, body.start, body.length) == (10, start, len(expected))
    assert await _read(any_store, "digits", start=start, length=length) == expected


async def test_a_range_behind_the_end(any_store: Store) -> None:
    await any_store.put("digits", b"0123456789", content_type="text/plain")
    with pytest.raises(RangeUnsatisfiable):
        await any_store.get("digits", start=10)


async def test_what_is_not_there(any_store: Store) -> None:
    assert await any_store.head("none") is None
    for reading in (any_store.get("none"), any_store.read("none")):
        with pytest.raises(ObjectNotFound):
            await reading


async def test_a_body_may_be_left_in_the_middle(any_store: Store) -> None:
    content = os.urandom(4 * MIB)
    await any_store.put("big", content, content_type="video/mp4")
    for _ in range(100):  # more often than there are connections
        body = await any_store.get("big")
        async with aclosing(body.stream):
            async for _block in body.stream:
                break
    assert await any_store.read("big") == content


async def test_reading_can_be_cancelled_at_any_moment(any_store: Store) -> None:
    await any_store.put("big", bytes(4 * MIB), content_type="video/mp4")

    async def read() -> None:
        await _read(any_store, "big")

    for _ in range(20):
        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    assert len(await any_store.read("big")) == 4 * MIB


async def test_the_first_writer_wins(any_store: Store) -> None:
    await any_store.put("once", b"first", content_type="text/plain", only_if_absent=True)
    with pytest.raises(ObjectExists):
        await any_store.put("once", b"second", content_type="text/plain", only_if_absent=True)
    assert await any_store.read("once") == b"first"


async def test_listing_is_in_key_order_and_begins_where_asked(any_store: Store) -> None:
    keys = [f"media/a/v720-1/{number}.m4s" for number in range(12)]
    for key in [*keys, "media/b/x", "work/a"]:
        await any_store.put(key, b"x", content_type="video/mp4")
    listed = [stat.key async for stat in any_store.list("media/a/")]
    assert listed == sorted(keys)
    assert all(left < right for left, right in pairwise(listed))
    after = [stat.key async for stat in any_store.list("media/a/", after=listed[4])]
    assert after == listed[5:]
    assert [stat async for stat in any_store.list("nothing/")] == []


@pytest.mark.parametrize("any_store", ["nanio", *OTHERS], indirect=True)
async def test_more_than_a_page_is_listed_and_deleted(any_store: Store) -> None:
    keys = [f"many/{number:04}" for number in range(1005)]
    await asyncio.gather(*(any_store.put(key, b"", content_type="text/plain") for key in keys))
    assert [stat.key async for stat in any_store.list("many/")] == keys
    await any_store.delete(keys)  # S3, and nanio with it, takes a thousand in a request
    assert [stat async for stat in any_store.list("many/")] == []


async def test_deleting_what_is_not_there_is_no_error(any_store: Store) -> None:
    await any_store.put("there", b"x", content_type="text/plain")
    await any_store.delete(["there", "never"])
    await any_store.delete(["there"])
    await any_store.delete([])
    assert await any_store.head("there") is None


async def test_a_multipart_upload(any_store: Store) -> None:
    upload = await any_store.begin("sources/a/1", content_type="video/mp4")
    bodies = [os.urandom(5 * MIB), os.urandom(5 * MIB), b"the rest"]
    parts = [await any_store.put_part("sources/a/1", upload, n, body) for n, body in enumerate(bodies, 1)]
    assert list(await any_store.parts("sources/a/1", upload)) == parts
    again = await any_store.put_part("sources/a/1", upload, 3, b"another end")  # a part may be sent again
    stat = await any_store.complete("sources/a/1", upload, [*parts[:2], again])
    assert stat.size == 10 * MIB + 11
    assert stat.content_type == "video/mp4"
    assert await any_store.read("sources/a/1") == bodies[0] + bodies[1] + b"another end"
    with pytest.raises(UploadNotFound):
        await any_store.parts("sources/a/1", upload)


async def test_an_aborted_upload_is_gone(any_store: Store) -> None:
    upload = await any_store.begin("sources/a/1", content_type="video/mp4")
    part = await any_store.put_part("sources/a/1", upload, 1, b"x")
    await any_store.abort("sources/a/1", upload)
    await any_store.abort("sources/a/1", upload)
    with pytest.raises(UploadNotFound):
        await any_store.put_part("sources/a/1", upload, 2, b"y")
    with pytest.raises(UploadNotFound):
        await any_store.complete("sources/a/1", upload, [part])
    assert await any_store.head("sources/a/1") is None


@pytest.mark.parametrize("any_store", ["moto", "nanio"], indirect=True)
async def test_a_browser_may_put_a_part_under_a_presigned_url(any_store: Store) -> None:
    upload = await any_store.begin("sources/a/1", content_type="video/mp4")
    url = any_store.presign_part("sources/a/1", upload, 1, expires=timedelta(minutes=5))
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.put(url, content=b"from a browser")
    assert answer.status_code == 200
    parts = await any_store.parts("sources/a/1", upload)
    assert [part.etag for part in parts] == [answer.headers["etag"].strip('"')]
    await any_store.complete("sources/a/1", upload, parts)
    assert await any_store.read("sources/a/1") == b"from a browser"


def test_presigned_urls_are_for_the_public_endpoint() -> None:
    store = S3Store(
        S3Settings(
            endpoint_url="http://s3.internal:9000",
            public_endpoint_url="https://s3.example.org",
            access_key_id="test",
            secret_access_key="testtest",
        )
    )
    url = httpx.URL(store.presign_part("sources/a/1", "u", 7, expires=timedelta(minutes=5)))
    assert (url.scheme, url.host, url.path) == ("https", "s3.example.org", "/channel/sources/a/1")
    assert url.params["partNumber"] == "7"
    assert url.params["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert url.params["X-Amz-Expires"] == "300"


async def test_a_store_that_does_not_answer(free_port: Callable[[], int]) -> None:
    store = S3Store(
        S3Settings(endpoint_url=f"http://127.0.0.1:{free_port()}", access_key_id="a", secret_access_key="b")
    )
    with pytest.raises(ObjectStoreError):
        await store.head("x")
    await store.aclose()


async def test_a_large_object_is_read_in_bounded_memory(store: S3Store) -> None:
    key, size = "sources/a/1", 96 * MIB
    upload = await store.begin(key, content_type="video/mp4")
    block = os.urandom(16 * MIB)
    parts = [await store.put_part(key, upload, number, block) for number in range(1, size // len(block) + 1)]
    await store.complete(key, upload, parts)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    body = await store.get(key)
    assert sum([len(block) async for block in body.stream]) == size
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 64 * 1024
