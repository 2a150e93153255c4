"""Clips and trims through the API; what they are made of lies in a real bucket."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from manifests import hls, layout
from manifests.captions.model import Cue
from manifests.hls import MediaPlaylist
from manifests.layout import AssetId
from streaming.captions.model import Naming, Text
from streaming.catalog.sweeper import Sweeper
from streaming.clock import utc_now
from streaming.http.auth import Role
from tests.streaming.playback.conftest import make_plan
from transcoder.captions.found import find_found
from transcoder.encryption.key_store import KeyStore
from transcoder.facts import find_plan, write_plan
from transcoder.plan import Protection, dump
from transcoder.profile import Encryption
from transcoder.sources.pieces import Piece, SourceBytes, find_source, is_held, write_source

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    import httpx

    from streaming.services import Services
    from transcoder.plan import Plan


@pytest.fixture
def database_url(tmp_path: Any) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
async def editor(client: httpx.AsyncClient, bearer: Callable[[Role], Awaitable[dict[str, str]]]) -> httpx.AsyncClient:
    client.headers.update(await bearer(Role.EDITOR))
    return client


@pytest.fixture
async def parent(services: Services) -> Plan:
    """Ten seconds at 25 frames/s, in segments of a hundred frames; playable."""
    catalogue, store = services.catalogue, services.infra.store
    asset = await catalogue.create(titles={"en": "Final", "fr": "Finale"}, tags=["gold"], created_by="ann")
    version = await catalogue.begin_upload(asset.id)
    piece = Piece(key=layout.source_piece(asset.id, version), start=0, size=1000)
    await store.put(piece.key, bytes(1000), content_type="video/mp4")
    await write_source(store, asset.id, version, SourceBytes(pieces=(piece,), length=1000, whole=True))
    await catalogue.source_arrived(asset.id, version=version, size=1000, filename="final.mp4")
    plan = await write_plan(store, make_plan(asset.id))
    await catalogue.playable(asset.id, plan)
    return plan


def path(plan: Plan, what: str) -> str:
    return f"/api/assets/{plan.asset}/{what}"


async def test_a_clip_can_be_played_at_once(editor: httpx.AsyncClient, services: Services, parent: Plan) -> None:
    answer = await editor.post(path(parent, "clips"), json={"in": "00:00:01:05", "out": 6.6, "title": "The goal"})
    assert answer.status_code == 201
    clip = answer.json()
    assert answer.headers["location"] == f"/api/assets/{clip['id']}"
    assert (clip["state"], clip["editorial"], clip["titles"]) == ("playable", "draft", {"en": "The goal"})
    assert (clip["duration_s"], clip["width"], clip["tags"]) == (5.4, 640, ["gold"])
    plan = await find_plan(services.infra.store, AssetId(clip["id"]), 1)
    assert plan is not None
    assert plan.video is not None
    assert (plan.video.skip, plan.video.frames) == (30, 135)
    assert await services.infra.jobs.pending(clip["id"]) == {f"{clip['id']}/1/index"}
    media = hls.parse((await editor.get(f"/v/{clip['id']}/v360-1/index.m3u8")).text)
    assert isinstance(media, MediaPlaylist)
    assert [float(segment.duration) for segment in media.segments] == pytest.approx([2.8, 2.6])


@pytest.mark.parametrize(("begin", "frame"), [(1.3 + 0.1, 35), (1e-7, 0), (2, 50)])
async def test_numbers_are_taken_as_programs_write_them(
    editor: httpx.AsyncClient, services: Services, parent: Plan, begin: float, frame: int
) -> None:
    answer = await editor.post(path(parent, "clips"), json={"in": begin, "out": 6.1 + 0.2})
    assert answer.status_code == 201, answer.text
    plan = await find_plan(services.infra.store, AssetId(answer.json()["id"]), 1)
    assert plan is not None
    assert plan.video is not None
    assert (plan.video.skip, plan.video.skip + plan.video.frames) == (frame, 158)


async def test_without_a_title_it_has_its_parents_texts(editor: httpx.AsyncClient, parent: Plan) -> None:
    clip = (await editor.post(path(parent, "clips"), json={"out": "75f"})).json()
    assert (clip["titles"], clip["duration_s"]) == ({"en": "Final", "fr": "Finale"}, 3.0)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"in": "3", "out": "3"}, 422, "cut_out_of_range"),
        ({"in": "4", "out": "3"}, 422, "cut_out_of_range"),
        ({"out": "251f"}, 422, "cut_out_of_range"),
        ({"in": "250f"}, 422, "cut_out_of_range"),
        ({"in": "soon"}, 422, "invalid_field"),
        ({"in": "0", "title": ""}, 422, "invalid_field"),
        ({"in": "0", "titel": "x"}, 422, "invalid_field"),
        ({"in": True}, 422, "invalid_field"),
    ],
)
async def test_what_cannot_be_cut_is_refused(
    editor: httpx.AsyncClient, services: Services, parent: Plan, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await editor.post(path(parent, "clips"), json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len((await editor.get("/api/assets")).json()["assets"]) == 1
    if "title" not in body and "titel" not in body:
        assert (await editor.post(path(parent, "trim"), json=body)).status_code == status
        assert (await services.catalogue.get(parent.asset)).replacement is None


async def test_what_cannot_be_played_yet_cannot_be_cut(editor: httpx.AsyncClient, services: Services) -> None:
    asset = await services.catalogue.create(titles={"en": "Later"}, created_by="ann")
    for what in ("clips", "trim"):
        answer = await editor.post(f"/api/assets/{asset.id}/{what}", json={"in": "1"})
        assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_cut")
        assert (await editor.post(f"/api/assets/nobody/{what}", json={"in": "1"})).status_code == 404
    for what in ("clips", "trim"):
        assert (
            await editor.post(f"/api/assets/{asset.id}/{what}", json={}, headers={"Authorization": ""})
        ).status_code == 401


async def test_a_trim_takes_its_place_like_another_source(
    editor: httpx.AsyncClient, services: Services, parent: Plan
) -> None:
    answer = await editor.post(path(parent, "trim"), json={"in": "1", "out": "4"})
    assert answer.status_code == 202
    asset = answer.json()
    assert (asset["version"], asset["duration_s"]) == (1, pytest.approx(10, abs=0.01))
    assert (asset["replacement"]["version"], asset["replacement"]["state"]) == (2, "playable")
    plan = await find_plan(services.infra.store, parent.asset, 2)
    assert plan is not None
    await services.catalogue.replaced(parent.asset, plan)
    now = await services.catalogue.get(parent.asset)
    assert (now.version, now.duration_s, now.source_filename) == (2, 3.0, "final.mp4")


async def test_captions_are_carried_over_at_their_new_times(
    editor: httpx.AsyncClient, services: Services, parent: Plan
) -> None:
    cues = tuple(Cue(start=1000 * n, end=1000 * n + 900, text=f"Line {n}") for n in range(10))
    naming = Naming(language="en", name="English")
    await services.captions.add(parent.asset, naming, Text(cues=cues, format="srt"), by="ann")
    clip = (await editor.post(path(parent, "clips"), json={"in": 2.4, "out": 4.6})).json()
    found = await find_found(services.infra.store, clip["id"], 1)
    assert found is not None
    (track,) = found.tracks
    assert [(cue.start, cue.end, cue.text) for cue in track.cues] == [
        (0, 500, "Line 2"), (600, 1500, "Line 3"), (1600, 2200, "Line 4"),
    ]  # fmt: skip


async def trimmed(editor: httpx.AsyncClient, services: Services, plan: Plan, body: dict[str, Any]) -> Plan:
    """The asset is trimmed, and the trim is what is played."""
    await editor.post(path(plan, "trim"), json=body)
    made = await find_plan(services.infra.store, plan.asset, plan.version + 1)
    assert made is not None
    await services.catalogue.replaced(plan.asset, made)
    return made


async def test_captions_of_editors_are_trimmed_with_the_source_once(
    editor: httpx.AsyncClient, services: Services, parent: Plan
) -> None:
    naming = Naming(language="en", name="English")
    cues = tuple(Cue(start=1000 * n, end=1000 * n + 900, text=f"Line {n}") for n in range(10))
    for text in (Text(cues=cues, format="srt"), Text(cues=cues[-1:], format="srt")):
        await services.captions.add(parent.asset, naming, text, by="ann")
    await services.caption_publisher.publish(parent.asset)
    before = (await editor.get(path(parent, "captions/t1"))).headers["etag"]
    once = await trimmed(editor, services, parent, {"in": 2.4, "out": 8})
    # Written after the switch, so in the times of what is played.
    await services.captions.add(parent.asset, naming, Text(cues=cues[:1], format="srt"), by="ann")
    for _ in range(2):
        await services.caption_publisher.publish(parent.asset)

    async def times(track: str) -> list[tuple[int, int]]:
        return [(cue.start, cue.end) for cue in (await services.captions.cues(parent.asset, track))[2]]

    assert await times("t1") == [(0, 500), (600, 1500), (1600, 2500), (2600, 3500), (3600, 4500), (4600, 5500)]
    assert await times("t3") == [(0, 900)]
    listed = (await services.captions.tracks(parent.asset)).tracks
    assert [track.id for track in listed] == ["t1", "t3"]  # of t2 nothing was left
    stale = await editor.put(path(parent, "captions/t1"), json={"cues": []}, headers={"If-Match": before})
    assert (stale.status_code, stale.json()["code"]) == (412, "caption_conflict")
    # Two trims before anybody publishes are two cuts.
    twice = await trimmed(editor, services, once, {"in": 1})
    await trimmed(editor, services, twice, {"in": 1})
    await services.caption_publisher.publish(parent.asset)
    assert await times("t1") == [(0, 500), (600, 1500), (1600, 2500), (2600, 3500)]
    assert [track.id for track in (await services.captions.tracks(parent.asset)).tracks] == ["t1"]


class Broom:
    """The sweep, with a clock that the test moves."""

    def __init__(self, services: Services) -> None:
        self.now = utc_now()
        infra = services.infra
        catalogue = services.catalogue
        self._sweeper = Sweeper(
            store=infra.store, cache=infra.cache, jobs=infra.jobs, catalogue=catalogue, clock=self.clock
        )

    def clock(self) -> datetime:
        return self.now

    async def sweep(self, *, days: int) -> None:
        self.now += timedelta(days=days)
        await self._sweeper.sweep()


async def test_a_clip_outlives_its_parent_and_lets_go_of_its_source(
    editor: httpx.AsyncClient, services: Services, parent: Plan
) -> None:
    store, broom = services.infra.store, Broom(services)
    clip = AssetId((await editor.post(path(parent, "clips"), json={"in": "1", "out": "8"})).json()["id"])
    again = AssetId((await editor.post(f"/api/assets/{clip}/clips", json={"in": "1", "out": "2"})).json()["id"])
    piece = layout.source_piece(parent.asset, 1)
    await services.catalogue.delete(parent.asset)
    for _ in range(3):
        await broom.sweep(days=1)
    source = await find_source(store, again, 1)
    assert source is not None
    assert [each.key for each in source.pieces] == [piece]
    assert await store.head(piece) is not None
    assert await store.head(layout.plan(parent.asset, 1)) is None
    await services.catalogue.delete(clip)
    await broom.sweep(days=1)
    assert await store.head(piece) is not None
    assert await is_held(store, parent.asset)
    await services.catalogue.delete(again)
    await broom.sweep(days=1)
    await broom.sweep(days=1)
    await broom.sweep(days=1)
    assert [stat.key async for stat in store.list("") if not stat.key.startswith("media/")] == []
    assert await services.catalogue.tombstones() == []


async def test_a_trimmed_asset_keeps_the_source_of_its_former_version(
    editor: httpx.AsyncClient, services: Services, parent: Plan
) -> None:
    store, broom = services.infra.store, Broom(services)
    await editor.post(path(parent, "trim"), json={"in": "1", "out": "8"})
    plan = await find_plan(store, parent.asset, 2)
    assert plan is not None
    await services.catalogue.replaced(parent.asset, plan)
    for _ in range(4):
        await broom.sweep(days=1)
    assert await store.head(layout.source_piece(parent.asset, 1)) is not None
    assert await store.head(layout.plan(parent.asset, 1)) is None
    await services.catalogue.delete(parent.asset)
    for _ in range(3):
        await broom.sweep(days=1)
    assert [stat.key async for stat in store.list("")] == []


async def test_a_trim_that_is_given_up_holds_nothing(
    editor: httpx.AsyncClient, services: Services, parent: Plan
) -> None:
    store, broom = services.infra.store, Broom(services)
    await editor.post(path(parent, "trim"), json={"in": "1", "out": "8"})
    assert await is_held(store, parent.asset, 1)
    assert (await editor.delete(path(parent, "replacement"))).status_code == 200
    await broom.sweep(days=1)
    assert not await is_held(store, parent.asset, 1)
    assert await store.head(layout.source_piece(parent.asset, 1)) is not None


async def test_a_parent_that_goes_meanwhile_leaves_no_clip(
    editor: httpx.AsyncClient, services: Services, parent: Plan
) -> None:
    await services.infra.store.delete([layout.source(parent.asset, 1)])
    answer = await editor.post(path(parent, "clips"), json={"in": "1", "out": "8"})
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_cut")
    assert len((await editor.get("/api/assets")).json()["assets"]) == 1


async def test_clips_of_an_encrypted_asset_have_keys_of_their_own(
    editor: httpx.AsyncClient, services: Services, parent: Plan
) -> None:
    store, keys = services.infra.store, KeyStore(services.infra.store)
    above = replace(parent, protection=Protection(scheme=Encryption.AES_128, period=1))
    await store.put(layout.plan(parent.asset, 1), dump(above), content_type="application/json")
    await keys.make(parent.asset, 1)
    clip = (await editor.post(path(parent, "clips"), json={"in": "1"})).json()["id"]
    await editor.post(path(parent, "trim"), json={"in": "1"})
    found = []
    for asset, version in ((parent.asset, 1), (AssetId(clip), 1), (parent.asset, 2)):
        plan = await find_plan(store, asset, version)
        assert plan is not None
        assert plan.protection == above.protection
        own = await keys.of(plan)
        assert own is not None
        found.append(own.secret)
    assert len(set(found)) == 3
