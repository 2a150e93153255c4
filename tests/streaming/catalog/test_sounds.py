"""What editors are told of an asset's loudness."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from streaming.http.auth import Role
from tests.streaming.playback.conftest import make_plan
from transcoder.facts import write_loudness, write_plan, write_profile
from transcoder.loudness.verdict import TrackLoudness, Verdict, renewed_id
from transcoder.profile import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from infra.s3 import S3Store
    from streaming.services import Services


async def test_editors_read_how_loud_it_is(
    client: httpx.AsyncClient, bearer: Callable[[Role], Awaitable[dict[str, str]]], store: S3Store, services: Services
) -> None:
    editor = await bearer(Role.EDITOR)
    asset = await services.catalogue.create(titles={"en": "Final"}, created_by="test")
    url = f"/api/assets/{asset.id}/sound"
    assert (await client.get(url)).status_code == 401
    assert (await client.get("/api/assets/none/sound", headers=editor)).status_code == 404

    async def read() -> dict[str, Any]:
        answer = await client.get(url, headers=editor)
        assert answer.headers["cache-control"] == "private, no-cache"
        found: dict[str, Any] = answer.json()
        return found

    assert await read() == {"state": "pending", "target": -16.0, "note": "", "tracks": []}
    version = await services.catalogue.begin_upload(asset.id)
    await services.catalogue.source_arrived(asset.id, version=version, size=10, filename="final.mp4")
    plan = await write_plan(store, make_plan(asset.id))
    (track,) = plan.audio
    (shown,) = (await read())["tracks"]
    assert (shown["id"], shown["name"], shown["loudness"], shown["gain"]) == (track.id, track.name, None, None)
    heard = TrackLoudness(
        rendition=track.id, loudness=-30.5, peak=-9.1, gain=14.5, heard=-16.1, renewed=renewed_id(track.id)
    )  # fmt: skip
    await write_loudness(store, asset.id, version, Verdict(target=-16, tracks=(heard,)))
    measured = await read()
    assert measured["state"] == "measured"
    assert measured["tracks"] == [
        {
            **shown, "id": renewed_id(track.id), "loudness": -30.5, "peak": -9.1, "gain": 14.5, "result": -16.1,
        }
    ]  # fmt: skip


async def test_sound_that_is_left_as_it_is(
    client: httpx.AsyncClient, bearer: Callable[[Role], Awaitable[dict[str, str]]], store: S3Store, services: Services
) -> None:
    asset = await services.catalogue.create(titles={"en": "Final"}, created_by="test")
    version = await services.catalogue.begin_upload(asset.id)
    await write_profile(store, asset.id, version, replace(DEFAULT, loudness=None))
    await services.catalogue.source_arrived(asset.id, version=version, size=10, filename="final.mp4")
    answer = await client.get(f"/api/assets/{asset.id}/sound", headers=await bearer(Role.EDITOR))
    assert answer.json() == {"state": "off", "target": None, "note": "", "tracks": []}
