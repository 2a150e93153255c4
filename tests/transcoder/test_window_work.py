from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.errors import ObjectStoreError
from infra.memory import MemoryStore
from manifests.layout import RenditionId
from transcoder.describe import multivariant
from transcoder.publish import key_of
from transcoder.remaining import expected, made_by
from transcoder.window_work import existing, start_of
from transcoder.windows import Window, windows

if TYPE_CHECKING:
    from infra.ports import ObjectStat
    from transcoder.plan import Plan


def test_the_start_is_the_first_segment_of_the_first_listed_variant(plan: Plan) -> None:
    first, *others = windows(plan)
    start = start_of(plan, first)
    assert start is not None
    assert f"media/asset/{start}/index.m3u8" == multivariant(plan, None, uri_of=str).variants[0].uri
    assert [start_of(plan, window) for window in others] == [None] * len(others)


def test_sound_alone_has_no_such_start(plan: Plan) -> None:
    assert start_of(replace(plan, video=None), Window(track="a1-1", first=0, count=4)) is None


async def test_what_exists_of_a_window(plan: Plan) -> None:
    store = MemoryStore()
    window = Window(track="video", first=4, count=4)
    there = {(RenditionId("v90-1"), 5), (RenditionId("v180-1"), None)}
    for name in (*there, (RenditionId("v90-1"), 8), (RenditionId("a1-1"), 5)):
        await store.put(key_of(plan.asset, *name), b"x", content_type="video/mp4")
    assert await existing(store, plan, made_by(plan, window)) == there


class SilentStore(MemoryStore):
    """A store that does not answer."""

    async def head(self, key: str) -> ObjectStat | None:
        raise ObjectStoreError("no answer")


async def test_a_store_that_does_not_answer_is_said_as_it_is(plan: Plan) -> None:
    with pytest.raises(ObjectStoreError):
        await existing(SilentStore(), plan, expected(plan))
