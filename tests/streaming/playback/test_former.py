"""An asset whose source is replaced while it is watched."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from manifests import hls, layout
from manifests.hls import MultivariantPlaylist
from manifests.layout import RenditionId
from streaming.catalog.sweeper import sweep_version
from tests.streaming.playback.conftest import AUDIO, VIDEO
from transcoder.facts import write_gain, write_loudness, write_plan
from transcoder.loudness.gain import Gain
from transcoder.loudness.verdict import TrackLoudness, Verdict, renewed_id

if TYPE_CHECKING:
    import httpx

    from transcoder.plan import Plan

EDITOR = {"Authorization": "Bearer editor"}


def second_version(plan: Plan) -> Plan:
    """The same, of another source: its renditions have other names."""
    assert plan.video is not None
    rungs = tuple(replace(rung, id=RenditionId(rung.id.replace("-1", "-2"))) for rung in plan.video.rungs)
    audio = tuple(replace(track, id=RenditionId(track.id.replace("-1", "-2"))) for track in plan.audio)
    return replace(plan, version=2, video=replace(plan.video, rungs=rungs), audio=audio)


async def replaced(stage, plan: Plan) -> Plan:
    await stage.catalogue.ready(plan.asset)
    version = await stage.catalogue.begin_upload(plan.asset)
    await stage.catalogue.source_arrived(plan.asset, version=version, size=7, filename="better.mp4")
    newer = await write_plan(stage.store, second_version(plan))
    await stage.catalogue.replaced(plan.asset, newer)
    return newer


async def named(client: httpx.AsyncClient, plan: Plan) -> set[str]:
    answer = await client.get(f"/v/{plan.asset}/index.m3u8")
    assert answer.headers["cache-control"] in {"public, max-age=5", "public, max-age=10"}
    playlist = hls.parse(answer.text)
    assert isinstance(playlist, MultivariantPlaylist)
    return {variant.uri.split("/")[0] for variant in playlist.variants}


async def test_who_plays_the_old_version_plays_it_on_and_who_comes_gets_the_new_one(stage, open_client) -> None:
    plan = await stage.playable()
    for rendition in (VIDEO, AUDIO):
        for number in (None, 0, 1, 2):
            await stage.land(plan, rendition, number, b"old")
    watching, coming = open_client(), open_client()
    assert await named(watching, plan) == {VIDEO}
    playlist = (await watching.get(f"/v/{plan.asset}/{VIDEO}/index.m3u8")).text
    newer = await replaced(stage, plan)
    assert await named(coming, plan) == {"v360-2"}
    for client in (watching, coming):
        assert (await client.get(f"/v/{plan.asset}/{VIDEO}/index.m3u8")).text == playlist
        assert (await client.get(f"/v/{plan.asset}/{AUDIO}/index.m3u8")).status_code == 200
        for name in ("init.mp4", "0.m4s", "2.m4s"):
            answer = await client.get(f"/v/{plan.asset}/{VIDEO}/{name}")
            assert (answer.status_code, answer.content) == (200, b"old")
    await stage.land(newer, RenditionId("v360-2"), 0, b"new")
    assert (await coming.get(f"/v/{plan.asset}/v360-2/0.m4s")).content == b"new"


async def test_what_the_old_version_lacks_is_still_made_for_its_viewers(stage, open_client) -> None:
    plan = await stage.playable()
    await replaced(stage, plan)
    answer = await open_client(segment_wait_s=0.1).get(f"/v/{plan.asset}/{VIDEO}/1.m4s")
    assert (answer.status_code, answer.json()["code"]) == (503, "segment_pending")
    assert await stage.engine.pending(plan.asset) >= {f"{plan.asset}/1/run/{VIDEO}/1"}


async def test_once_it_is_swept_the_player_is_told(stage, open_client) -> None:
    plan = await stage.playable()
    await replaced(stage, plan)
    watching = open_client()
    assert (await watching.get(f"/v/{plan.asset}/{VIDEO}/index.m3u8")).status_code == 200
    await sweep_version(stage.store, plan.asset, 1)
    answer = await watching.get(f"/v/{plan.asset}/{VIDEO}/1.m4s")
    assert (answer.status_code, answer.json()["code"]) == (404, "segment_not_found")
    answer = await open_client().get(f"/v/{plan.asset}/{VIDEO}/index.m3u8")
    assert (answer.status_code, answer.json()["code"]) == (404, "rendition_not_found")


async def test_a_version_that_is_to_come_is_nobodys_business(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable()
    await stage.catalogue.ready(plan.asset)
    version = await stage.catalogue.begin_upload(plan.asset)
    await stage.catalogue.source_arrived(plan.asset, version=version, size=7, filename="better.mp4")
    await write_plan(stage.store, second_version(plan))
    for path in ("v360-2/index.m3u8", "v360-2/0.m4s", "v360-99999999999/0.m4s"):
        answer = await client.get(f"/v/{plan.asset}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "rendition_not_found")


async def test_the_old_version_of_what_is_taken_down_is_taken_down_too(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable()
    await stage.land(plan, VIDEO, 0, b"old")
    await replaced(stage, plan)
    await stage.catalogue.take_down(plan.asset)
    assert (await client.get(f"/v/{plan.asset}/{VIDEO}/0.m4s")).status_code == 403
    assert (await client.get(f"/v/{plan.asset}/{VIDEO}/0.m4s", headers=EDITOR)).content == b"old"


async def test_sound_that_was_made_again_can_be_played_until_it_is_swept(stage, open_client) -> None:
    plan = await stage.playable()
    track = TrackLoudness(rendition=AUDIO, loudness=-30, peak=-9, gain=14, heard=-16, renewed=renewed_id(AUDIO))
    await write_gain(stage.store, plan.asset, 1, AUDIO, Gain(db=3.0))
    await write_loudness(stage.store, plan.asset, 1, Verdict(target=-16, tracks=(track,)))
    await stage.land(plan, AUDIO, 0, b"too soft")
    await stage.catalogue.ready(plan.asset)
    client = open_client()
    assert (await client.get(f"/v/{plan.asset}/{AUDIO}/0.m4s")).content == b"too soft"
    await stage.store.delete([layout.gain(plan.asset, 1, AUDIO), layout.segment(plan.asset, AUDIO, 0)])
    answer = await client.get(f"/v/{plan.asset}/{AUDIO}/0.m4s")
    assert (answer.status_code, answer.json()["code"]) == (404, "segment_not_found")
    assert "made again" in answer.json()["detail"]
