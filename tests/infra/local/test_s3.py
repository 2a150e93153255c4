from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING

import pytest

from infra.errors import ObjectExists, ObjectStoreError, StoreFull
from tests.infra.local.embedded import embedded_store

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_full_disk_is_told_before_it_is_full(tmp_path: Path) -> None:
    (tmp_path / "channel").mkdir()
    async with embedded_store(tmp_path, kept_free=1 << 60) as store:
        with pytest.raises(StoreFull):
            await store.put("a", b"hello", content_type="text/plain")
        upload = await store.begin("b", content_type="text/plain")
        with pytest.raises(StoreFull):
            await store.put_part("b", upload, 1, b"x" * (5 << 20))
        assert await store.head("a") is None
        assert await store.parts("b", upload) == ()


@pytest.mark.parametrize(
    ("number", "raised"), [(errno.ENOSPC, StoreFull), (errno.EDQUOT, StoreFull), (errno.EIO, ObjectStoreError)]
)
async def test_a_disk_that_becomes_full_on_the_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, raised: type[ObjectStoreError]
) -> None:
    async with embedded_store(tmp_path) as store:
        await store.ensure_bucket()
        kept = os.fsync

        def refuse(_fd: int) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "fsync", refuse)
        with pytest.raises(ObjectStoreError) as failed:
            await store.put("a", b"hello", content_type="text/plain")
        assert type(failed.value) is raised
        monkeypatch.setattr(os, "fsync", kept)
        assert await store.head("a") is None
        await store.put("a", b"hello", content_type="text/plain")
        assert await store.read("a") == b"hello"


async def test_of_writers_at_once_the_first_wins(tmp_path: Path) -> None:
    async with embedded_store(tmp_path) as store:
        await store.ensure_bucket()
        bodies = [bytes([number]) * 200_000 for number in range(8)]
        puts = [store.put("a/b", body, content_type="text/plain", only_if_absent=True) for body in bodies]
        ends = await asyncio.gather(*puts, return_exceptions=True)
        (winner,) = [body for body, end in zip(bodies, ends, strict=True) if not isinstance(end, BaseException)]
        assert sum(isinstance(end, ObjectExists) for end in ends) == len(bodies) - 1
        assert await store.read("a/b") == winner
        for _ in range(3):  # a refused write spoils no connection
            with pytest.raises(ObjectExists):
                await store.put("a/b", b"late", content_type="text/plain", only_if_absent=True)
            assert await store.head("a/b") is not None
        await store.put("a/b", b"unconditional", content_type="text/plain")
        await store.delete(["a/b"])
        await store.put("a/b", b"again", content_type="text/plain", only_if_absent=True)
        assert await store.read("a/b") == b"again"
