"""What API processes do for captions beside requests: those from the source come, go with it, and are asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from manifests import layout
from manifests.captions.model import Cue
from manifests.layout import AssetId
from streaming.captions.service import Captions
from tests.streaming.captions.test_publisher import OTHER, VTT, playable
from transcoder.captions.found import FoundCaptions, FoundTrack, write_found

if TYPE_CHECKING:
    import httpx

    from infra.memory import MemoryEngine
    from infra.s3 import S3Store
    from streaming.services import Services

__all__ = ["playable"]

FOUND = FoundTrack(
    language="en", name="English", kind="captions", default=True, format="subrip",
    cues=(Cue(start=500, end=900, text="Go!"),), warnings=("Look at this.",),
)  # fmt: skip


async def test_captions_of_the_source_become_tracks_once(
    services: Services, store: S3Store, asset: str, playable: Any, editor: httpx.AsyncClient, captions: str
) -> None:
    await playable()
    assert (await editor.get(captions)).json()["source"] == "pending"
    spanish = replace(FOUND, language="es", name="Español", default=False)
    found = FoundCaptions(tracks=(FOUND, spanish), notes=("Stream 4: pictures.",))
    await write_found(store, AssetId(asset), 1, found)
    await services.caption_keeper.sweep()
    listed = (await editor.get(captions)).json()
    assert (listed["source"], listed["notes"]) == ("done", ["Stream 4: pictures."])
    assert [(track["name"], track["origin"], track["state"], track["default"]) for track in listed["tracks"]] == [
        ("English", "source", "published", True), ("Español", "source", "published", False),
    ]  # fmt: skip
    assert listed["tracks"][0]["warnings"] == ["Look at this."]
    assert "Go!" in (await editor.get(f"/v/{asset}/t1-2/0.vtt")).text
    await editor.delete(f"{captions}/t2")
    await services.caption_keeper.sweep()
    assert [track["id"] for track in (await editor.get(captions)).json()["tracks"]] == ["t1"]


async def test_an_editors_default_stays_and_what_he_edited_is_his(
    services: Services, store: S3Store, asset: str, playable: Any, editor: httpx.AsyncClient, captions: str, add: Any
) -> None:
    await add(VTT, default="true")
    await playable()
    await write_found(store, AssetId(asset), 1, FoundCaptions(tracks=(FOUND, FOUND)))
    await services.caption_keeper.sweep()
    tracks = (await editor.get(captions)).json()["tracks"]
    assert {track["id"]: track["default"] for track in tracks} == {"t1": True, "t2": False, "t3": False}
    await editor.put(f"{captions}/t2", content=OTHER)
    # Another source: what was found in the first goes with it, what an editor wrote stays.
    after, cues = await services.captions.prepare(AssetId(asset), version=2, length=10_005)
    assert [track.id for track in after.tracks] == ["t1", "t2"]
    assert cues[2][0].text == "Preparados"


async def test_those_of_a_source_that_is_not_played_yet_are_not_listed_beside_the_other(
    services: Services, asset: str, playable: Any, editor: httpx.AsyncClient
) -> None:
    await playable()
    await services.captions.fold(AssetId(asset), 2, FoundCaptions(tracks=(FOUND,)))
    await services.caption_keeper.sweep()
    assert "SUBTITLES" not in (await editor.get(f"/v/{asset}/index.m3u8")).text


async def test_a_source_that_nobody_has_searched_is_asked_for_again(
    services: Services, asset: str, playable: Any, jobs: MemoryEngine
) -> None:
    await playable()
    await jobs.cancel(AssetId(asset))
    await services.caption_keeper.sweep(thorough=False)
    assert f"{asset}/1/captions" not in await jobs.pending(AssetId(asset))
    await services.caption_keeper.sweep()
    assert f"{asset}/1/captions" in await jobs.pending(AssetId(asset))


async def test_a_deleted_asset_is_no_obstacle(
    services: Services, store: S3Store, asset: str, playable: Any, add: Any, captions: str, editor: httpx.AsyncClient
) -> None:
    await playable()
    await add(VTT)
    await editor.put(f"{captions}/t1", content=OTHER)
    await services.catalogue.delete(AssetId(asset))
    await write_found(store, AssetId(asset), 1, FoundCaptions(tracks=(FOUND,)))
    await services.caption_keeper.sweep()
    assert await services.caption_publisher.publish(AssetId(asset)) is False
    await services.catalogue.swept(AssetId(asset))
    assert isinstance(services.captions, Captions)
    assert await services.captions.leftovers(services.clock()) == []
    assert layout.is_captions(layout.caption_rendition(1, 2))
