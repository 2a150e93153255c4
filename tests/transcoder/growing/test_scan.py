"""Scans of real and odd files: what they find is what the index finds, and what grew is a beginning of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.memory import MemoryCache, MemoryStore
from manifests import layout
from tests.transcoder.growing.test_growth import ASSET, SOURCE, check_is_beginning
from transcoder.errors import PlanMissing
from transcoder.growing.growth import Growth, Head
from transcoder.growing.scan import scan
from transcoder.index import SourceIndex, index_source
from transcoder.planner import make_plan
from transcoder.profile import DEFAULT
from transcoder.sniff import HEAD, sniff
from transcoder.source_limits import SourceLimits
from transcoder.sources.pieces import Piece, SourceBytes, write_source
from transcoder.sources.source import Sources

if TYPE_CHECKING:
    from pathlib import Path

    from transcoder.growing.growth import Seen
    from transcoder.plan import Plan
    from transcoder.sources.source import OpenSource

FILES = {
    "real/tearsofsteel_battle_332p24_vp8_vorbis.webm": 35,
    "odd/muxjs_sintel_captions.ts": 4,
    "odd/mdn_flower_fragmented.mp4": 2,
    "odd/x_multi_audio_eng_spa_subs_eng_spa_ara.mkv": 3,
    "odd/x_pts_wrap_33bit.ts": 2,
    "odd/x_resolution_change_640x360_to_320x240.ts": 0,
    "odd/wpt_vp8_vorbis_webvtt_track.webm": 2,
    "odd/ax_bbb_2500ms.ts": 1,
    "hostile/duplicated_chunk.ts": 0,
}
"""By file: segments that grow before its end."""


async def sources_with(
    body: bytes, folder: Path, *, whole: bool = True, store: MemoryStore | None = None
) -> Sources:  # fmt: skip
    store, cache = store or MemoryStore(), MemoryCache()
    piece = Piece(key=layout.source_piece(ASSET, 1), start=0, size=len(body))
    await store.put(piece.key, body, content_type="video/mp2t")
    await write_source(store, ASSET, 1, SourceBytes(pieces=(piece,), length=len(body), whole=whole))
    return Sources(folder, store=store, cache=cache, max_bytes=1 << 30, reserve_bytes=0)


async def scanned(source: OpenSource, demuxer: str) -> tuple[list[Plan], SourceIndex | None]:
    """The plans that grew, and the index of the whole."""
    plans: list[Plan] = []
    growth: Growth | None = None
    whole: SourceIndex | None = None
    early: list[dict[int, Seen]] = []
    async with scan(source, demuxer=demuxer, limits=SourceLimits(), wall_s=60) as told:
        async for each in told:
            if isinstance(each, SourceIndex):
                whole = each
            elif isinstance(each, Head):
                growth = Growth(each, asset=ASSET, version=1, source=SOURCE)
            else:
                early.append(each)
            while growth is not None and early:
                if growth.add(early.pop(0)) and growth.plan is not None:
                    plans.append(growth.plan)
    return plans, whole


@pytest.mark.parametrize("name", FILES)
async def test_a_scan_finds_what_the_index_finds(name: str, media: Path, tmp_path: Path) -> None:
    path = media / name
    with path.open("rb") as file:
        demuxer = sniff(file.read(HEAD))
    sources = await sources_with(path.read_bytes(), tmp_path / "sources")
    async with sources.open(ASSET, 1) as source:
        plans, whole = await scanned(source, demuxer)
    index = await index_source(path, demuxer=demuxer)
    assert whole is not None
    assert whole.audio == index.audio
    assert [replace(stream, stamps=()) for stream in whole.video] == [
        replace(stream, stamps=()) for stream in index.video
    ]
    assert [list(stream.stamps) for stream in whole.video] == [list(stream.stamps) for stream in index.video]
    grown = plans[-1] if plans else None
    plan = make_plan(asset=ASSET, version=1, source=SOURCE, index=index, profile=DEFAULT.early(), grown=grown)
    for earlier, later in zip(plans, [*plans[1:], plan], strict=True) if plans else ():
        check_is_beginning(earlier, later)
    assert (0 if grown is None or grown.video is None else grown.video.segments) == FILES[name]


async def test_the_child_ends_with_an_upload_that_is_given_up(media: Path, tmp_path: Path) -> None:
    body = (media / "odd" / "muxjs_sintel_captions.ts").read_bytes()
    store = MemoryStore()
    sources = await sources_with(body[: len(body) // 2], tmp_path / "sources", whole=False, store=store)
    async with sources.open(ASSET, 1) as source:
        await source.ensure()
        await store.delete([layout.source_arriving(ASSET, 1)])
        with pytest.raises(PlanMissing):
            await scanned(source, "mpegts")


async def test_what_is_not_media_has_no_end(tmp_path: Path) -> None:
    sources = await sources_with(b"\x47" * 100_000, tmp_path / "sources")
    async with sources.open(ASSET, 1) as source:
        assert await scanned(source, "mpegts") == ([], None)
