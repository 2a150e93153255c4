from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.ports import Part
from manifests.layout import AssetId, UploadId
from streaming.upload.model import (
    MIB,
    MOST_PARTS,
    Piece,
    Upload,
    UploadKind,
    missing_parts,
    part_bytes,
    part_count,
    part_length,
    parts,
    tail,
)

_NOW = datetime(2026, 7, 1, tzinfo=UTC)
_UPLOAD = Upload(
    id=UploadId("u"), kind=UploadKind.TUS, asset=AssetId("a"), version=1, length=None, part_bytes=8 * MIB,
    filename="f.mp4", content_type="video/mp4", created_by="t", created_at=_NOW, updated_at=_NOW, expires_at=_NOW,
)  # fmt: skip


@given(st.integers(1, 5 << 40), st.integers(5 * MIB, 64 * MIB))
def test_the_parts_of_any_file_fit_and_add_up(length: int, smallest: int) -> None:
    size = part_bytes(length, smallest)
    count = part_count(length, size)
    assert size >= smallest
    assert count < MOST_PARTS
    assert (count - 1) * size + part_length(length, size, count) == length
    assert 0 < part_length(length, size, count) <= size


@pytest.mark.parametrize(
    ("length", "expected"),
    [(None, 8 * MIB), (1, 8 * MIB), (2 << 30, 8 * MIB), (72_000 * MIB, 8 * MIB), (72_001 * MIB, 9 * MIB)],
)
def test_parts_grow_only_when_they_must(length: int | None, expected: int) -> None:
    assert part_bytes(length, 8 * MIB) == expected


def test_parts_of_unknown_length_hold_more_than_s3_allows_an_object() -> None:
    total = sum(replace(_UPLOAD, next_number=n).part_size() for n in range(1, MOST_PARTS))
    assert replace(_UPLOAD, next_number=1000).part_size() == 8 * MIB
    assert replace(_UPLOAD, next_number=1001).part_size() == 16 * MIB
    assert total > 5 << 40


def test_a_writer_after_one_that_died_leaves_its_part_number_alone() -> None:
    first = _UPLOAD.claimed()
    assert (first.epoch, first.next_number, first.writing) == (1, 1, True)
    after_death = first.claimed()
    assert (after_death.epoch, after_death.next_number) == (2, 2)
    after_clean_end = replace(first, writing=False).claimed()
    assert (after_clean_end.epoch, after_clean_end.next_number) == (2, 1)


def test_pieces_are_parts_and_a_tail() -> None:
    row = (
        Piece(start=0, size=10, epoch=1, number=1, etag="x"),
        Piece(start=10, size=10, epoch=1, number=3, etag="y"),
        Piece(start=20, size=2, epoch=2),
    )
    assert parts(row) == (Part(number=1, etag="x", size=10), Part(number=3, etag="y", size=10))
    assert tail(row) == row[2:]
    assert row[2].end == 22


def test_missing_parts_are_those_that_the_store_lacks_or_has_in_another_size() -> None:
    held = [Part(number=1, etag="", size=10), Part(number=2, etag="", size=9), Part(number=9, etag="", size=10)]
    assert missing_parts(35, 10, held) == (2, 3, 4)
    assert missing_parts(10, 10, held) == ()
