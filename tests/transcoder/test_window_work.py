from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.errors import ObjectStoreError
from infra.memory import MemoryStore
from manifests.layout import RenditionId
from transcoder.describe import multivariant
from transcoder.publish import key_of
from transcoder.remaining import made_by
from transcoder.window_work import existing, start_of
from transcoder.windows import Window, windows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from infra.ports import ObjectStat
    from transcoder.plan import Plan


def test_the_start_is_the_first_segment_of_the_first_listed_variant(plan: Plan) -> None:
    first, *others = windows(plan)
    start = start_of(plan, first)
    assert start is not None
    assert f"media/asset/{start}/index.m3u8" == multivariant(plan, None, uri_of=str).variants[0].uri
    assert [start_of(plan, window) for window in others] == [None] * len(others)


def test_nobody_waits_for_the_start_of_what_was_live(live: Plan) -> None:
    assert start_of(live, windows(live)[0]) is None


def test_sound_alone_has_no_such_start(plan: Plan) -> None:
    assert start_of(replace(plan, video=None), Window(track="a1-1", first=0, count=4)) is None


SHORT, LONG = Window(track="video", first=4, count=4), Window(track="video", first=4, count=14)
"""Looked for one by one, and in a list."""


@pytest.mark.parametrize("window", [SHORT, LONG])
async def test_what_exists_of_a_window(plan: Plan, window: Window) -> None:
    store = MemoryStore()
    there = {(RenditionId("v90-1"), 5), (RenditionId("v180-1"), None)}
    for name in (*there, (RenditionId("v90-1"), 18), (RenditionId("a1-1"), 5)):
        await store.put(key_of(plan.asset, *name), b"x", content_type="video/mp4")
    assert await existing(store, plan, made_by(plan, window)) == there


class CountingStore(MemoryStore):
    """What it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.looks, self.lists = 0, 0

    async def head(self, key: str) -> ObjectStat | None:
        self.looks += 1
        return await super().head(key)

    def list(self, prefix: str, *, after: str | None = None) -> AsyncIterator[ObjectStat]:
        self.lists += 1
        return super().list(prefix, after=after)


@pytest.mark.parametrize(("window", "looks", "lists"), [(SHORT, 10, 0), (LONG, 0, 2)])
async def test_many_objects_are_found_in_a_list(plan: Plan, window: Window, looks: int, lists: int) -> None:
    store = CountingStore()
    assert await existing(store, plan, made_by(plan, window)) == frozenset()
    assert (store.looks, store.lists) == (looks, lists)


class SilentStore(MemoryStore):
    """A store that does not answer."""

    async def head(self, key: str) -> ObjectStat | None:
        raise ObjectStoreError("no answer")

    async def list(self, prefix: str, *, after: str | None = None) -> AsyncIterator[ObjectStat]:
        raise ObjectStoreError("no answer")
        yield


@pytest.mark.parametrize("window", [SHORT, LONG])
async def test_a_store_that_does_not_answer_is_said_as_it_is(plan: Plan, window: Window) -> None:
    with pytest.raises(ObjectStoreError):
        await existing(SilentStore(), plan, made_by(plan, window))
