from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.ports import Part
from manifests.layout import AssetId, UploadId
from streaming.upload.model import (
    LARGEST_PIECE,
    MIB,
    MOST_PARTS,
    Piece,
    Upload,
    UploadKind,
    missing_parts,
    part_bytes,
    part_count,
    part_length,
    piece_bytes,
    small_ones,
)

_NOW = datetime(2026, 7, 1, tzinfo=UTC)
_UPLOAD = Upload(
    id=UploadId("u"), kind=UploadKind.TUS, asset=AssetId("a"), version=1, length=None, part_bytes=8 * MIB,
    filename="f.mp4", content_type="video/mp4", created_by="t", created_at=_NOW, updated_at=_NOW, expires_at=_NOW,
)  # fmt: skip


@given(st.integers(1, 5 << 40), st.integers(5 * MIB, 64 * MIB))
def test_the_parts_of_any_file_fit_and_add_up(length: int, smallest: int) -> None:
    size = part_bytes(length, smallest, MOST_PARTS)
    count = part_count(length, size)
    assert size >= smallest
    assert count <= MOST_PARTS
    assert (count - 1) * size + part_length(length, size, count) == length
    assert 0 < part_length(length, size, count) <= size


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (None, 8 * MIB),
        (1, 8 * MIB),
        (32_000 * MIB, 8 * MIB),
        (32_001 * MIB, 9 * MIB),
        (256 << 30, 66 * MIB),
        (5 << 40, LARGEST_PIECE),
    ],
)
def test_pieces_grow_only_when_they_must_and_never_beyond_what_memory_holds(length: int | None, expected: int) -> None:
    assert piece_bytes(length, 8 * MIB) == expected


def test_pieces_of_unknown_length_double_every_thousand() -> None:
    count = offset = 0
    while offset < 256 << 30:
        size = replace(_UPLOAD, offset=offset).piece_size()
        assert size == min(8 * MIB << count // 1000, LARGEST_PIECE)
        count, offset = count + 1, offset + size
    assert count < 6_000
    assert replace(_UPLOAD, offset=256 << 30, length=300 << 30).piece_size() == 8 * MIB, "it was planned for its length"


def test_no_two_writers_share_a_key() -> None:
    first = _UPLOAD.claimed()
    assert (first.epoch, first.writing) == (1, True)
    keys = {upload.key_of(Piece(start=7, size=1, epoch=upload.epoch)) for upload in (first, first.claimed())}
    assert len(keys) == 2
    assert _UPLOAD.assembled not in keys


def test_what_workers_may_read() -> None:
    pieces = (Piece(start=0, size=10, epoch=1), Piece(start=10, size=2, epoch=3))
    source = replace(_UPLOAD, offset=12, length=20).source(pieces)
    assert [(piece.key, piece.start, piece.end) for piece in source.pieces] == [
        ("sources/a/1/0-1", 0, 10),
        ("sources/a/1/10-3", 10, 12),
    ]
    assert (source.arrived, source.length, source.whole) == (12, 20, False)
    assert replace(_UPLOAD, offset=12, length=12).source(pieces).whole


@given(st.lists(st.integers(1, 20), max_size=12), st.integers(1, 60))
def test_the_small_ones_are_those_at_the_end_that_make_no_large_one(sizes: list[int], limit: int) -> None:
    pieces = [Piece(start=sum(sizes[:at]), size=size, epoch=1) for at, size in enumerate(sizes)]
    small = small_ones(pieces, limit)
    assert tuple(pieces[len(pieces) - len(small) :]) == small
    assert sum(piece.size for piece in small) < limit
    assert len(small) == len(pieces) or sum(sizes[len(pieces) - len(small) - 1 :]) >= limit


def test_missing_parts_are_those_that_the_store_lacks_or_has_in_another_size() -> None:
    held = [Part(number=1, etag="", size=10), Part(number=2, etag="", size=9), Part(number=9, etag="", size=10)]
    assert missing_parts(35, 10, held) == (2, 3, 4)
    assert missing_parts(10, 10, held) == ()
