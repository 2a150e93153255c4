"""An index of a source that lies in a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.memory import MemoryCache, MemoryStore
from manifests import layout
from manifests.layout import AssetId
from transcoder.index import index_source
from transcoder.sources.pieces import Piece, SourceBytes, write_source
from transcoder.sources.source import Sources

if TYPE_CHECKING:
    from pathlib import Path

ASSET = AssetId("clip")


@pytest.mark.parametrize(
    ("name", "demuxer", "most"),
    [("real/wave_croatia_1080p25_aac.mp4", "mov", 0.7), ("odd/tmh_VP9-tractor.webm", "matroska", 1.0)],
)
async def test_it_fetches_what_it_reads(name: str, demuxer: str, most: float, media: Path, tmp_path: Path) -> None:
    store, path = MemoryStore(), media / name
    body = path.read_bytes()
    key = layout.source_piece(ASSET, 1, 0, 0)
    await store.put(key, body, content_type="video/mp4")
    pieces = (Piece(key=key, start=0, size=len(body)),)
    await write_source(store, ASSET, 1, SourceBytes(pieces=pieces, length=len(body), whole=True))
    sources = Sources(tmp_path, store=store, cache=MemoryCache(), max_bytes=1 << 30, reserve_bytes=0)
    async with sources.open(ASSET, 1) as source:
        assert await index_source(source, demuxer=demuxer) == await index_source(path, demuxer=demuxer)
        assert source.lacking() >= (1 - most) * len(body)
