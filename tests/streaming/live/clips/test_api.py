"""Clips of a channel through the API; what it shows is put into a real Redis and a real bucket part by part."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from infra.tasks import end
from manifests import layout
from manifests.hls import date_time
from manifests.layout import AssetId
from streaming.catalog.promises import KEPT_WITHIN
from streaming.http.auth import Role
from streaming.live.clips.service import EXACT, ROUGH
from tests.streaming.live.stage import EVENT, FIRST, PICTURE, SOUND, Stage
from transcoder.audio_boxes import init_section
from transcoder.facts import find_plan
from transcoder.live import board
from transcoder.live.part import Frame, fragment
from transcoder.live.recording.taking import samples_of
from transcoder.publish import key_of
from transcoder.sources.pieces import find_source

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    import httpx

    from infra.redis_cache import RedisCache
    from infra.s3 import S3Store
    from manifests.layout import RenditionId
    from streaming.catalog.model import Asset
    from streaming.services import Services

CLIPS = "/api/channels/arena/clips"
SEGMENT = EVENT.grid.parts * EVENT.grid.part


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


def body(rendition: RenditionId, number: int, place: int) -> bytes:
    """A fragment of what is no picture, and no sound."""
    track = EVENT.track(rendition)
    frames = [
        Frame(body=f"{rendition} {number}.{place}.{each}".encode(), sync=rendition == SOUND or (place, each) == (0, 0))
        for each in range(track.part // track.sample)
    ]
    start = number * track.segment + place * track.part
    return fragment(frames, sequence=1, start=start, duration=track.sample, track=track.id)


@pytest.fixture
async def stage(services: Services, cache: RedisCache, store: S3Store) -> AsyncIterator[Stage]:
    """Two segments are in the bucket; of a third two parts are published."""
    await services.channels.create(title="Arena", channel_id="arena", created_by="me")
    stage = Stage(cache, store, made=body)
    stage.broadcast.announce()
    stage.publish(FIRST, init=init_section(EVENT.sound))
    for number in range(FIRST, FIRST + 2):
        await stage.parts(number, range(6))
    await stage.parts(FIRST + 2, range(2))
    async with asyncio.timeout(60):
        await stage.broadcast._uploads.drained()
    yield stage
    await stage.broadcast.aclose()


@pytest.fixture
async def editor(
    client: httpx.AsyncClient, services: Services, bearer: Callable[[Role], Awaitable[dict[str, str]]]
) -> AsyncIterator[httpx.AsyncClient]:
    services.playback._arrivals._patience_s = 60.0  # what is made at once takes longer than 0.2 s on a busy machine
    following = asyncio.create_task(services.followers.run())
    client.headers.update(await bearer(Role.EDITOR))
    yield client
    await end(following)


def at(picture: int) -> str:
    """The date of a picture, counted from the event's first."""
    return date_time.render(date_time.from_ms((FIRST * SEGMENT + picture) * 1000 // EVENT.grid.rate))


async def test_a_clip_is_made_of_what_there_is(
    editor: httpx.AsyncClient, services: Services, stage: Stage, store: S3Store
) -> None:
    answer = await editor.post(CLIPS, json={"in": at(SEGMENT + 5), "out": at(2 * SEGMENT + 10), "title": "The goal"})
    assert answer.status_code == 201, answer.text
    clip = answer.json()
    asset = AssetId(clip["id"])
    assert answer.headers["location"] == f"/api/assets/{asset}"
    assert (clip["state"], clip["editorial"], clip["titles"]) == ("playable", "draft", {"en": "The goal"})
    assert (clip["version"], clip["replacement"]["version"], clip["replacement"]["state"]) == (ROUGH, EXACT, "playable")
    # From the key picture before on, to the end of the part; then the pictures that were asked for.
    for version, skip, frames in ((ROUGH, SEGMENT, SEGMENT + 16), (EXACT, SEGMENT + 5, SEGMENT + 5)):
        plan = await find_plan(store, asset, version)
        assert plan is not None
        assert plan.video is not None
        assert (plan.video.skip, plan.video.frames, plan.video.segments) == (skip, frames, 2)
        assert plan.recorded is not None
        # Its sound is decoded from a little before.
        assert (plan.recorded.channel, plan.recorded.first) == ("arena", FIRST)
        source = await find_source(store, asset, version)
        assert source is not None
        assert [piece.key for piece in source.pieces[1:5]] == [
            layout.live_segment(EVENT.channel, rendition, number)
            for number in (FIRST, FIRST + 1)
            for rendition in (PICTURE, SOUND)
        ]
        # What was still growing is its own.
        assert [await store.read(piece.key) for piece in source.pieces[5:]] == [
            b"".join(body(rendition, FIRST + 2, place) for place in range(2)) for rendition in (PICTURE, SOUND)
        ]
        assert all(layout.source_owner(piece.key) == (asset, ROUGH) for piece in source.pieces[5:])
    # Which the bucket does not have, so that all of the first version that nobody else could make is made.
    made = [stat.key async for stat in store.list(layout.media_prefix(asset))]
    plan = await find_plan(store, asset, ROUGH)
    assert plan is not None
    assert set(made) == {key_of(asset, name, number) for name in plan.renditions() for number in (None, 1)}
    rung = next(name for name in plan.renditions() if name.startswith("v180"))
    (shown,) = [samples_of(await store.read(key_of(asset, rung, 1)), sample=512)]
    assert [frame.body.decode() for frame in shown.values()] == [
        f"{PICTURE} {FIRST + 2}.{place}.{each}" for place in range(2) for each in range(8)
    ]
    # What the bucket has is made when somebody asks for it, without a worker.
    for name in plan.renditions():
        assert (await editor.get(f"/v/{asset}/{name}/0.m4s")).status_code == 200
    assert clip["duration_s"] == pytest.approx((SEGMENT + 16) / 25)
    # What viewers ask for of the first is made then; all of the other now.
    assert await services.infra.jobs.pending(asset) == {f"{asset}/{EXACT}/index"}
    assert [each.id for each in await services.catalogue.unfinished()] == [asset]


async def test_what_is_exact_already_has_one_version(
    editor: httpx.AsyncClient, services: Services, stage: Stage
) -> None:
    clip = (await editor.post(CLIPS, json={"in": at(0), "out": at(SEGMENT + 8)})).json()
    assert (clip["version"], clip["replacement"]) == (ROUGH, None)
    assert clip["title"] == f"Arena, {at(0)[:19].replace('T', ' ')}"
    assert await services.infra.jobs.pending(clip["id"]) == {f"{clip['id']}/{ROUGH}/index"}
    assert (await services.catalogue.get(clip["id"])).last_version == ROUGH


async def test_counted_back_from_now(editor: httpx.AsyncClient, stage: Stage, store: S3Store) -> None:
    clip = (await editor.post(CLIPS, json={"in": "-1s", "out": "now"})).json()
    plan = await find_plan(store, AssetId(clip["id"]), EXACT)
    assert plan is not None
    assert plan.video is not None
    assert (plan.video.skip, plan.video.frames) == (2 * SEGMENT + 16 - 25, 25)


async def test_what_is_not_there_yet(
    editor: httpx.AsyncClient, stage: Stage, eventually: Callable[..., Awaitable[None]]
) -> None:
    wanted = {"in": at(SEGMENT), "out": at(2 * SEGMENT + 17)}
    answer = await editor.post(CLIPS, json=wanted)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (425, "not_yet", "1")
    assert answer.json()["available_in_s"] == 0.32
    assert answer.headers["cache-control"] == "no-store"
    await stage.parts(FIRST + 2, range(2, 3))

    async def is_made() -> bool:
        return (await editor.post(CLIPS, json=wanted)).status_code == 201

    await eventually(is_made)


async def test_what_cannot_be_cut_is_refused(editor: httpx.AsyncClient, stage: Stage, store: S3Store) -> None:
    refusals: list[tuple[dict[str, Any], int, str]] = [
        ({"in": at(-1), "out": at(9)}, 404, "not_shown"),
        ({"in": at(9), "out": at(9)}, 422, "cut_out_of_range"),
        ({"in": "now", "out": "-1s"}, 422, "cut_out_of_range"),
        ({"in": "yesterday", "out": "now"}, 422, "invalid_field"),
        ({"in": "12.5", "out": "now"}, 422, "invalid_field"),
        ({"in": at(0)}, 422, "invalid_field"),
        ({"in": at(0), "out": at(9), "title": ""}, 422, "invalid_field"),
        ({"in": at(0), "out": at(9), "titel": "x"}, 422, "invalid_field"),
    ]
    for wanted, status, code in refusals:
        answer = await editor.post(CLIPS, json=wanted)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await editor.get("/api/assets")).json()["assets"] == []
    assert [stat.key async for stat in store.list(layout.WORK) if "/live/" not in stat.key] == []
    wanted = {"in": at(0), "out": at(9)}
    assert (await editor.post(CLIPS, json=wanted, headers={"Authorization": ""})).status_code == 401
    assert (await editor.post("/api/channels/nobody/clips", json=wanted)).status_code == 404


async def test_what_is_kept_no_more_is_gone(
    editor: httpx.AsyncClient, stage: Stage, store: S3Store, cache: RedisCache
) -> None:
    await store.delete([layout.live_segment(EVENT.channel, PICTURE, FIRST)])
    made = await editor.post(CLIPS, json={"in": at(5), "out": at(SEGMENT)})
    assert made.status_code == 201, "its parts are there still"
    await cache.delete(board.part_key(EVENT.channel, SOUND, FIRST + 1, 0))
    await store.delete([layout.live_segment(EVENT.channel, SOUND, FIRST + 1)])
    gone = await editor.post(CLIPS, json={"in": at(SEGMENT + 1), "out": at(SEGMENT + 30)})
    assert (gone.status_code, gone.json()["code"]) == (410, "no_longer_there")


async def test_a_channel_that_is_deleted_meanwhile_leaves_a_promise_that_nobody_sees(
    editor: httpx.AsyncClient, services: Services, stage: Stage, store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = services.catalogue.create

    async def created(**content: Any) -> Asset:
        made = await create(**content)
        await services.channels.delete(EVENT.channel, store=store)
        return made

    monkeypatch.setattr(services.catalogue, "create", created)
    assert (await editor.post(CLIPS, json={"in": at(5), "out": at(20)})).status_code in (404, 410)
    assert (await editor.get("/api/assets")).json()["assets"] == []
    later = services.catalogue._clock() + KEPT_WITHIN
    monkeypatch.setattr(services.catalogue, "_clock", lambda: later)
    assert len(await services.catalogue.tombstones()) == 1
