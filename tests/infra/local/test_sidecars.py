"""Every state in which a kill -9 can leave the files of an object: it reads whole, and can be written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from infra.errors import ObjectExists
from tests.infra.local.embedded import embedded_store

if TYPE_CHECKING:
    from pathlib import Path

_SIDECARS = ".nanio-meta"


@pytest.mark.parametrize("only_if_absent", [False, True])
@pytest.mark.parametrize("renamed", [False, True], ids=["sidecar under another name", "body under its name, too"])
async def test_a_writer_that_was_killed_keeps_nobody_from_writing(
    tmp_path: Path, renamed: bool, only_if_absent: bool
) -> None:
    async with embedded_store(tmp_path) as store:
        await store.ensure_bucket()
        unfinished = tmp_path / "channel" / _SIDECARS / "a" / "b.json.tmp"
        unfinished.parent.mkdir(parents=True)
        unfinished.write_text("{")
        if renamed:
            (tmp_path / "channel" / "a").mkdir()
            (tmp_path / "channel" / "a" / "b").write_bytes(b"nobody was told of it")
        await store.put("a/b", b"hello", content_type="text/plain", only_if_absent=only_if_absent)
        stat = await store.head("a/b")
        assert stat is not None
        assert (stat.content_type, await store.read("a/b")) == ("text/plain", b"hello")
        with pytest.raises(ObjectExists):
            await store.put("a/b", b"late", content_type="text/plain", only_if_absent=True)


async def test_an_upload_in_parts_completes_after_a_kill(tmp_path: Path) -> None:
    async with embedded_store(tmp_path) as store:
        await store.ensure_bucket()
        upload = await store.begin("a/b", content_type="video/mp4")
        part = await store.put_part("a/b", upload, 1, b"hello")
        unfinished = tmp_path / "channel" / _SIDECARS / "a" / "b.json.tmp"
        unfinished.parent.mkdir(parents=True)
        unfinished.write_text("{")
        await store.complete("a/b", upload, [part])
        assert await store.read("a/b") == b"hello"


async def test_the_sidecar_of_the_object_before_is_not_believed(tmp_path: Path) -> None:
    async with embedded_store(tmp_path) as store:
        await store.ensure_bucket()
        await store.put("a/b", b"short", content_type="text/plain")
        (tmp_path / "channel" / "a" / "b").write_bytes(b"longer than before")
        assert await store.read("a/b") == b"longer than before"
        assert [stat.size async for stat in store.list("a/")] == [18]


async def test_a_sidecar_whose_object_is_deleted_is_no_object(tmp_path: Path) -> None:
    async with embedded_store(tmp_path) as store:
        await store.ensure_bucket()
        await store.put("a/b", b"hello", content_type="text/plain")
        (tmp_path / "channel" / "a" / "b").unlink()
        assert await store.head("a/b") is None
        await store.put("a/b", b"again", content_type="text/plain", only_if_absent=True)
        assert await store.read("a/b") == b"again"


async def test_an_unfinished_body_is_no_object_and_goes_when_its_writer_is_dead(tmp_path: Path) -> None:
    async with embedded_store(tmp_path) as store:
        await store.ensure_bucket()
        await store.put("a/b", b"hello", content_type="text/plain")
        mine, theirs = (tmp_path / "channel" / "a" / f".tmp.{digit * 32}" for digit in "01")
        for path in (mine, theirs):
            path.write_bytes(b"hel")
        os.utime(theirs, (0, 0))
        assert [stat.key async for stat in store.list("")] == ["a/b"]
        assert await store.head(f"a/{mine.name}") is None
        assert (mine.exists(), theirs.exists()) == (True, False)
