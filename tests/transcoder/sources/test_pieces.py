from __future__ import annotations

import pytest

from infra.memory import MemoryStore
from manifests.layout import AssetId
from transcoder.sources.pieces import Piece, SourceBytes, find_source, write_source

FIRST, SECOND = Piece(key="a", start=0, size=10), Piece(key="b", start=10, size=5)


def test_pieces_lie_end_to_end() -> None:
    source = SourceBytes(pieces=(FIRST, SECOND), length=None, whole=False)
    assert source.arrived == 15
    assert [source.piece_at(offset) for offset in (0, 9, 10, 14)] == [FIRST, FIRST, SECOND, SECOND]
    for wrong in ((SECOND,), (SECOND, FIRST), (FIRST, Piece(key="c", start=11, size=1))):
        with pytest.raises(ValueError, match="end to end"):
            SourceBytes(pieces=wrong, length=None, whole=False)


@pytest.mark.parametrize(("pieces", "length"), [((), 15), ((FIRST,), 15), ((FIRST, SECOND), 14), ((FIRST,), None)])
def test_a_whole_source_has_all_its_bytes(pieces: tuple[Piece, ...], length: int | None) -> None:
    with pytest.raises(ValueError, match="whole source"):
        SourceBytes(pieces=pieces, length=length, whole=True)


async def test_the_whole_source_goes_before_what_arrived_of_it() -> None:
    store, asset = MemoryStore(), AssetId("clip")
    assert await find_source(store, asset, 1) is None
    arriving = SourceBytes(pieces=(FIRST,), length=15, whole=False)
    await write_source(store, asset, 1, arriving)
    assert await find_source(store, asset, 1) == arriving
    whole = SourceBytes(pieces=(FIRST, SECOND), length=15, whole=True)
    await write_source(store, asset, 1, whole)
    assert await find_source(store, asset, 1) == whole
