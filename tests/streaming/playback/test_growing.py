"""An asset that is played while its source arrives, as players and other processes see it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from manifests import hls, layout
from manifests.hls import MediaPlaylist
from tests.streaming.playback.conftest import AUDIO, VIDEO, make_plan
from transcoder.facts import write_growing, write_plan
from transcoder.growing.growth import cut

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from transcoder.plan import Plan

EDITOR = {"Authorization": "Bearer editor"}


async def growing(stage, *, published: bool = True) -> Plan:
    """An asset of whose ten seconds four have arrived. Returns the plan of the whole."""
    asset = await stage.asset()
    await stage.catalogue.begin_upload(asset)
    whole = replace(make_plan(asset), grown=True)
    await stage.catalogue.growing(asset, await arrive(stage, whole, 1))
    if published:
        await stage.catalogue.publish(asset)
    return whole


async def arrive(stage, whole: Plan, segments: int) -> Plan:
    assert whole.video is not None
    plan = cut(whole, whole.video.starts[:segments])
    await write_growing(stage.store, plan)
    return plan


async def media(client: httpx.AsyncClient, plan: Plan, rendition: str = VIDEO) -> tuple[str, MediaPlaylist]:
    answer = await client.get(f"/v/{plan.asset}/{rendition}/index.m3u8", headers=EDITOR)
    parsed = hls.parse(answer.text)
    assert isinstance(parsed, MediaPlaylist)
    return answer.text, parsed


async def test_a_player_that_came_early_plays_on_to_the_end(
    stage, client: httpx.AsyncClient, eventually: Callable[..., Awaitable[None]]
) -> None:
    whole = await growing(stage)
    url = f"/v/{whole.asset}/index.m3u8"
    multivariant = (await client.get(url)).text
    texts = [(await media(client, whole))[0]]
    assert (await client.get(f"/v/{whole.asset}/{VIDEO}/index.m3u8")).headers["cache-control"] == "public, max-age=1"

    async def lists(segments: int, *, ended: bool) -> None:
        async def look() -> bool:
            text, parsed = await media(client, whole)
            if text != texts[-1]:
                texts.append(text)
            return len(parsed.segments) == segments and parsed.ended is ended

        await eventually(look)

    await lists(1, ended=False)
    await arrive(stage, whole, 2)
    await lists(2, ended=False)
    await stage.catalogue.source_arrived(whole.asset, version=1, size=1000, filename="final.ts")
    await lists(2, ended=False)
    await write_plan(stage.store, whole)
    await stage.store.delete([layout.growing(whole.asset, 1)])
    await lists(3, ended=True)
    await stage.catalogue.playable(whole.asset, whole)
    await lists(3, ended=True)
    assert len(texts) == 3
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts)), "RFC 8216bis §6.2.1"
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in texts[-1]
    assert (await client.get(url)).text == multivariant


async def test_an_mpd_is_for_sources_that_are_whole(stage, client: httpx.AsyncClient) -> None:
    whole = await growing(stage)
    answer = await client.get(f"/v/{whole.asset}/manifest.mpd")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_mpd_yet")
    assert "HLS" in answer.json()["detail"]


async def test_the_target_duration_is_right_from_the_start(stage, client: httpx.AsyncClient) -> None:
    whole = await growing(stage)
    early = [await media(client, whole, rendition) for rendition in (VIDEO, AUDIO)]
    assert {parsed.target_duration for _, parsed in early} == {5}, "4 s, and up to half a second more at the end"
    assert [segment.duration for segment in early[0][1].segments] == [Fraction(4)]


async def test_a_segment_that_another_process_has_listed_is_known_here(
    stage, client: httpx.AsyncClient, open_client: Callable[..., httpx.AsyncClient]
) -> None:
    whole = await growing(stage)
    other = open_client()
    await media(other, whole)
    plan = await arrive(stage, whole, 2)
    await stage.land(plan, VIDEO, 1, b"second")
    answer = await other.get(f"/v/{whole.asset}/{VIDEO}/1.m4s")
    assert (answer.status_code, answer.content) == (200, b"second")
    assert (await other.get(f"/v/{whole.asset}/{VIDEO}/2.m4s")).status_code == 404


async def test_a_draft_that_arrives_is_for_editors(stage, client: httpx.AsyncClient) -> None:
    whole = await growing(stage, published=False)
    url = f"/v/{whole.asset}/index.m3u8"
    assert (await client.get(url)).status_code in {401, 403, 404}
    assert (await client.get(url, headers=EDITOR)).status_code == 200


@pytest.mark.parametrize("how", ["given up", "superseded"])
async def test_what_stops_coming_is_gone(stage, client: httpx.AsyncClient, how: str) -> None:
    whole = await growing(stage, published=False)
    if how == "given up":
        await stage.catalogue.upload_abandoned(whole.asset)
    else:
        version = await stage.catalogue.begin_upload(whole.asset)
        await stage.catalogue.source_arrived(whole.asset, version=version, size=1, filename="other.ts")
    answer = await client.get(f"/v/{whole.asset}/{VIDEO}/index.m3u8", headers=EDITOR)
    assert answer.json()["code"] == ("nothing_to_play" if how == "given up" else "not_playable_yet")
