from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING

from manifests import hls, layout
from manifests.hls import MediaPlaylist, MultivariantPlaylist
from manifests.layout import RenditionId
from tests.mpd_rules import faults
from transcoder import measured
from transcoder.describe import static_manifests
from transcoder.facts import write_ladder
from transcoder.measured import IFrame, Measured, RenditionSizes
from transcoder.per_title.ladder import Chosen, Dropped, Ladder, apply
from transcoder.plan import dump as dump_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from transcoder.plan import Plan

FIRST, SECOND = IFrame(0, 0, 9_000), IFrame(50, 25_000, 8_000)
EDITOR = {"Authorization": "Bearer editor"}


async def finish(stage, plan: Plan) -> Measured:
    """Ready, with key pictures of the first rung."""
    rung = next(iter(plan.renditions()))
    sizes = Measured(
        asset=plan.asset,
        version=plan.version,
        renditions={
            rendition: RenditionSizes(
                init=700,
                segments=(50_000,) * segments,
                iframes=((FIRST, SECOND), *((FIRST,),) * (segments - 1)) if rendition == rung else (),
            )
            for rendition, segments in plan.renditions().items()
        },
    )
    key = layout.measured(plan.asset, plan.version)
    await stage.store.put(key, measured.dump(sizes), content_type="application/json")
    await stage.catalogue.ready(plan.asset)
    return sizes


async def test_playlists_are_complete_before_anything_is_encoded(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable()
    answer = await client.get(f"/v/{plan.asset}/index.m3u8")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert answer.headers["cache-control"] == "public, max-age=5"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["access-control-allow-origin"] == "*"
    playlist = hls.parse(answer.text)
    assert isinstance(playlist, MultivariantPlaylist)
    for uri in (playlist.variants[0].uri, playlist.renditions[0].uri):
        child = await client.get(answer.url.join(uri or ""))
        parsed = hls.parse(child.text)
        assert isinstance(parsed, MediaPlaylist)
        assert parsed.ended
        assert [segment.uri for segment in parsed.segments] == ["0.m4s", "1.m4s", "2.m4s"]


async def test_what_is_served_is_what_lies_in_the_bucket(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable()
    sizes = await finish(stage, plan)
    for key, text in static_manifests(plan, sizes).items():
        # The bucket's MPD lies beside the playlists under their name.
        path = key.removeprefix("media/").replace("index.mpd", "manifest.mpd")
        answer = await client.get(f"/v/{path}")
        assert answer.text == text
        seconds = 10 if layout.is_naming(key) else 300
        assert answer.headers["cache-control"] == f"public, max-age={seconds}"


async def test_an_mpd_is_there_as_soon_as_the_asset_can_be_played(
    stage, open_client: Callable[..., httpx.AsyncClient]
) -> None:
    plan = await stage.playable()
    url = f"/v/{plan.asset}/manifest.mpd"
    before = await open_client().get(url, headers={"Accept-Encoding": "gzip"})
    assert before.headers["content-type"] == "application/dash+xml"
    assert before.headers["content-encoding"] == "gzip"
    assert before.headers["cache-control"] == "public, max-age=5"
    assert faults(before.text) == []
    await finish(stage, plan)
    client = open_client()
    after = await client.get(url)
    assert after.headers["cache-control"] == "public, max-age=10"
    assert after.headers["etag"] != before.headers["etag"]
    assert faults(after.text) == []
    again = await client.get(url, headers={"If-None-Match": after.headers["etag"]})
    assert again.status_code == 304


async def test_i_frames_are_listed_once_the_asset_is_ready(
    stage, open_client: Callable[..., httpx.AsyncClient]
) -> None:
    plan = await stage.playable()
    rung, other, *_ = plan.renditions()
    early = await open_client().get(f"/v/{plan.asset}/{rung}/iframes.m3u8")
    assert (early.status_code, early.json()["code"]) == (404, "no_iframes")
    await finish(stage, plan)
    client = open_client()
    multivariant = hls.parse((await client.get(f"/v/{plan.asset}/index.m3u8")).text)
    assert isinstance(multivariant, MultivariantPlaylist)
    assert [each.uri for each in multivariant.iframe_variants] == [f"{rung}/iframes.m3u8"]
    answer = await client.get(f"/v/{plan.asset}/{rung}/iframes.m3u8")
    assert answer.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert answer.headers["cache-control"] == "public, max-age=300"
    playlist = hls.parse(answer.text)
    assert isinstance(playlist, MediaPlaylist)
    assert playlist.iframes_only
    assert "#EXT-X-BYTERANGE:8000@25000\n0.m4s\n" in answer.text
    for _ in range(2):
        missing = await client.get(f"/v/{plan.asset}/{other}/iframes.m3u8")
        assert (missing.status_code, missing.json()["code"]) == (404, "no_iframes")
    unknown = await client.get(f"/v/{plan.asset}/v1-1/iframes.m3u8")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "rendition_not_found")


async def test_bandwidths_are_measured_once_it_is_ready(stage, open_client: Callable[..., httpx.AsyncClient]) -> None:
    plan = await stage.playable()
    before = await open_client().get(f"/v/{plan.asset}/index.m3u8")
    await finish(stage, plan)
    after = await open_client().get(f"/v/{plan.asset}/index.m3u8")
    assert before.headers["etag"] != after.headers["etag"]
    assert "BANDWIDTH=528000,AVERAGE-BANDWIDTH=328000" in before.text
    assert "BANDWIDTH=528000" not in after.text


async def test_a_rung_that_the_titles_own_ladder_drops_plays_on_until_the_asset_is_ready(
    stage, client: httpx.AsyncClient, eventually
) -> None:
    plan = await stage.playable()
    small = RenditionId("v234-1")
    rungs = (replace(plan.video.rungs[0], id=small, width=416, height=234), *plan.video.rungs)
    plan = replace(plan, video=replace(plan.video, rungs=rungs))
    await stage.store.put(layout.plan(plan.asset, 1), dump_plan(plan), content_type="application/json")
    url = f"/v/{plan.asset}"
    assert "v234-1" in (await client.get(f"{url}/index.m3u8")).text

    kept = plan.video.rungs[1]
    chosen = Chosen(rendition=kept.id, crf=27, maxrate=300_000, bufsize=300_000, bandwidth=382_500, rate=1, vmaf=94)
    ladder = Ladder(
        target=94, sampled=(), curves=(), rungs=(chosen,), dropped=(Dropped(rendition=small, reason="unseen"),)
    )  # fmt: skip
    await write_ladder(stage.store, plan.asset, 1, ladder)

    async def is_unlisted() -> bool:
        return "v234-1" not in (await client.get(f"{url}/index.m3u8")).text

    await eventually(is_unlisted)
    assert "BANDWIDTH=510500" in (await client.get(f"{url}/index.m3u8")).text, "its new peak, and the sound's"
    await stage.land(plan, small, 2, b"made just in time")
    assert (await client.get(f"{url}/v234-1/index.m3u8")).status_code == 200
    assert (await client.get(f"{url}/v234-1/2.m4s")).content == b"made just in time"

    await finish(stage, apply(plan, ladder))

    async def is_gone() -> bool:
        return (await client.get(f"{url}/v234-1/2.m4s")).status_code == 404

    await eventually(is_gone)
    assert (await client.get(f"{url}/v360-1/index.m3u8")).status_code == 200


async def test_gzip_by_q_value(stage, client: httpx.AsyncClient) -> None:
    url = f"/v/{(await stage.playable()).asset}/v360-1/index.m3u8"
    plain = await client.get(url, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    for header, zipped in (
        ("gzip", True),
        ("gzip;q=0", False),
        ("br, gzip;q=0.5", True),
        ("identity, gzip;q=0.5", False),
    ):
        async with client.stream("GET", url, headers={"Accept-Encoding": header}) as answer:
            raw = b"".join([block async for block in answer.aiter_raw()])
        assert (answer.headers.get("content-encoding") == "gzip") is zipped
        assert answer.headers["vary"] == "Accept-Encoding"
        assert (gzip.decompress(raw) if zipped else raw) == plain.content
        assert (answer.headers["etag"] != plain.headers["etag"]) is zipped


async def test_etag_head_and_range(stage, client: httpx.AsyncClient) -> None:
    url = f"/v/{(await stage.playable()).asset}/index.m3u8"
    whole = await client.get(url)
    again = await client.get(url, headers={"If-None-Match": f'"other", W/{whole.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == whole.headers["etag"]
    assert again.headers["vary"] == "Accept-Encoding"
    assert again.headers["access-control-allow-origin"] == "*"
    head = await client.head(url)
    assert (head.status_code, head.headers["etag"]) == (200, whole.headers["etag"])
    # Chromium's own player asks so; the whole, compressed, is a right answer.
    ranged = await client.get(url, headers={"Range": "bytes=0-"})
    assert (ranged.status_code, ranged.text) == (200, whole.text)


async def test_a_query_makes_no_difference(stage, client: httpx.AsyncClient) -> None:
    url = f"/v/{(await stage.playable()).asset}/index.m3u8"
    plain = await client.get(url)
    for query in ("CMCD=br%3D(500)%2Cmtp%3D", "CMCD=%00%22", "_HLS_msn=3&x"):
        answer = await client.get(f"{url}?{query}", headers={"CMCD-Object": 'br="', "CMCD-Session": "sid=;;"})
        assert (answer.status_code, answer.content) == (200, plain.content)
        assert answer.headers["etag"] == plain.headers["etag"]


async def test_a_draft_is_for_editors_alone(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable(published=False)
    url = f"/v/{plan.asset}/index.m3u8"
    for headers in ({}, {"Authorization": "Bearer viewers"}):
        refused = await client.get(url, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_published")
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["access-control-allow-origin"] == "*"
        assert refused.headers["cache-control"] == "no-store"
    assert (await client.get(url, headers={"Authorization": "Bearer nobody"})).status_code == 401
    shown = await client.get(url, headers=EDITOR)
    assert (shown.status_code, shown.headers["cache-control"]) == (200, "private, no-store")
    await stage.catalogue.publish(plan.asset)
    assert (await client.get(url)).status_code == 200
    assert (await client.get(url, headers={"Authorization": "Bearer nobody"})).status_code == 200


async def test_an_unpublished_asset_disappears_within_a_second(stage, client: httpx.AsyncClient, eventually) -> None:
    plan = await stage.playable()
    url = f"/v/{plan.asset}/index.m3u8"
    assert (await client.get(url)).status_code == 200
    await stage.catalogue.take_down(plan.asset)

    async def refused() -> bool:
        return (await client.get(url)).status_code == 403

    await eventually(refused)
    await stage.catalogue.delete(plan.asset)
    gone = await client.get(url)
    assert (gone.status_code, gone.json()["code"]) == (404, "asset_not_found")


async def test_unknown_assets(client: httpx.AsyncClient) -> None:
    for asset in ("nobody", "a.b", "%2e%2e", "x" * 65):
        answer = await client.get(f"/v/{asset}/index.m3u8")
        assert (answer.status_code, answer.json()["code"]) == (404, "asset_not_found")


async def test_unknown_renditions(stage, client: httpx.AsyncClient) -> None:
    plan = await stage.playable()
    for name in ("v361-1", "v360-2", "%2e%2e%2fx"):
        answer = await client.get(f"/v/{plan.asset}/{name}/index.m3u8")
        assert answer.status_code == 404
    assert (await client.get(f"/v/{plan.asset}/v361-1/index.m3u8")).json()["code"] == "rendition_not_found"


async def test_before_it_is_playable(stage, client: httpx.AsyncClient) -> None:
    asset = await stage.asset()
    await stage.catalogue.publish(asset)
    url = f"/v/{asset}/index.m3u8"
    assert (await client.get(url)).json()["code"] == "nothing_to_play"
    version = await stage.catalogue.begin_upload(asset)
    assert (await client.get(url)).status_code == 404
    await stage.catalogue.source_arrived(asset, version=version, size=1, filename="a.mp4")
    waiting = await client.get(url)
    assert (waiting.status_code, waiting.json()["code"]) == (503, "not_playable_yet")
    assert waiting.headers["retry-after"] == "1"
    await stage.catalogue.failed(asset, "not_media", "This is a text file.", "sniff", version=version)
    failed = await client.get(url)
    assert (failed.status_code, failed.json()["code"]) == (410, "asset_failed")
    assert (failed.json()["reason"], failed.json()["detail"]) == ("not_media", "This is a text file.")
    assert "sniff" not in failed.text


async def test_finished_assets_point_at_the_media_base_url(
    stage, open_client: Callable[..., httpx.AsyncClient]
) -> None:
    plan = await stage.playable()
    base = "https://cdn.example.org"
    before = await open_client(media_base_url=base).get(f"/v/{plan.asset}/index.m3u8")
    assert base not in before.text
    await finish(stage, plan)
    client = open_client(media_base_url=base)
    playlist = hls.parse((await client.get(f"/v/{plan.asset}/index.m3u8")).text)
    assert isinstance(playlist, MultivariantPlaylist)
    assert playlist.variants[0].uri == f"{base}/{layout.media_playlist(plan.asset, plan.video.rungs[0].id)}"
    assert playlist.renditions[0].uri == f"{base}/{layout.media_playlist(plan.asset, plan.audio[0].id)}"
    # Whoever still has the address of our media playlist is sent there for the segments.
    media = hls.parse((await client.get(f"/v/{plan.asset}/v360-1/index.m3u8")).text)
    assert isinstance(media, MediaPlaylist)
    assert media.segments[1].uri == f"{base}/{layout.segment(plan.asset, plan.video.rungs[0].id, 1)}"


async def test_a_preflight_is_answered(client: httpx.AsyncClient) -> None:
    answer = await client.options(
        "/v/x/v/0.m4s", headers={"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"}
    )
    assert answer.status_code == 204
    assert "Range" in answer.headers["access-control-allow-headers"]
