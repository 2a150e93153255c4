from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from anyio import create_task_group, to_thread

from streaming.http.auth import Role
from streaming.upload.client.errors import Unreachable, UploadFailed
from streaming.upload.client.watch import EncodeProgress, wait_until_ready
from tests.streaming.catalog.test_lifecycle import plan_of
from transcoder.facts import Failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from streaming.services import Services


@pytest.fixture
async def http(server: str, bearer: Callable[[Role], Awaitable[dict[str, str]]]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server, headers=await bearer(Role.EDITOR), trust_env=False, timeout=60) as client:
        yield client


async def test_until_it_fails(
    http: httpx.Client, services: Services, eventually: Callable[..., Awaitable[None]]
) -> None:
    asset = await services.catalogue.create(titles={"en": "Goal"}, created_by="test")
    version = await services.catalogue.begin_upload(asset.id)
    heard: list[EncodeProgress] = []
    ends: list[EncodeProgress] = []

    async def follow() -> None:
        ends.append(await to_thread.run_sync(wait_until_ready, http, asset.id, heard.append))

    async with create_task_group() as group:
        group.start_soon(follow)
        await eventually(lambda: bool(heard))
        await services.catalogue.source_arrived(asset.id, version=version, size=5, filename="goal.mp4")
        await services.catalogue.failed(asset.id, "not_media", "This is a text file.")
    assert heard[0].state == "uploading"
    assert ends[0].state == "failed"
    assert ends[0].failure is not None
    assert (ends[0].failure.code, ends[0].failure.message) == ("not_media", "This is a text file.")


async def test_of_an_asset_that_plays_what_replaces_it_is_followed(
    http: httpx.Client, services: Services, eventually: Callable[..., Awaitable[None]]
) -> None:
    asset = await services.catalogue.create(titles={"en": "Goal"}, created_by="test")
    await services.catalogue.begin_upload(asset.id)
    await services.catalogue.source_arrived(asset.id, version=1, size=5, filename="goal.mp4")
    await services.catalogue.playable(asset.id, plan_of(asset.id, 1))
    await services.catalogue.ready(asset.id)
    version = await services.catalogue.begin_upload(asset.id)
    await services.catalogue.source_arrived(asset.id, version=version, size=5, filename="goal.mp4")
    heard: list[EncodeProgress] = []
    ends: list[EncodeProgress] = []

    async def follow() -> None:
        ends.append(await to_thread.run_sync(wait_until_ready, http, asset.id, heard.append))

    async with create_task_group() as group:
        group.start_soon(follow)
        await eventually(lambda: bool(heard))
        reason = Failure(code="not_media", message="This is a text file.")
        await services.catalogue.replacement_failed(asset.id, reason, version=version)
    assert heard[0].state == "indexing"
    assert ends[0].state == "failed"
    assert ends[0].failure is not None
    assert ends[0].failure.code == "not_media"


async def test_an_asset_that_is_not_there(http: httpx.Client) -> None:
    with pytest.raises(UploadFailed, match="404"):
        await to_thread.run_sync(wait_until_ready, http, "nobody", lambda _: None)


def test_a_server_that_is_gone(free_port: Callable[[], int]) -> None:
    waits: list[float] = []
    nobody = f"http://127.0.0.1:{free_port()}"
    with httpx.Client(base_url=nobody, trust_env=False) as http, pytest.raises(Unreachable):
        wait_until_ready(http, "a", lambda _: None, sleep=waits.append)
    assert len(waits) == 10
