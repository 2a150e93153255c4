from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from infra.memory import MemoryCache, MemoryStore
from manifests import layout
from manifests.layout import AssetId, ChannelId
from streaming.playback.recorded import TakenAtOnce
from tests.streaming.playback.conftest import VIDEO, make_plan
from transcoder.plan import Recorded
from transcoder.progress import ProgressBoard

if TYPE_CHECKING:
    from manifests.layout import RenditionId
    from transcoder.plan import Plan

ASSET = AssetId("clip")


class Asked(list[tuple[str, int | None]]):
    """A demand that is only noted."""

    async def want(self, plan: Plan, rendition: RenditionId, number: int | None) -> None:
        self.append(("want", number))

    async def keep_ahead(self, plan: Plan, rendition: RenditionId, number: int) -> None:
        self.append(("ahead", number))


def at_once(asked: Asked, store: MemoryStore) -> TakenAtOnce:
    cache = MemoryCache()
    return TakenAtOnce(asked, store=store, cache=cache, board=ProgressBoard(store=store, cache=cache))


async def test_what_was_not_live_is_asked_for() -> None:
    asked, plan = Asked(), make_plan(ASSET)
    taken = at_once(asked, MemoryStore())
    await taken.want(plan, VIDEO, 1)
    await taken.keep_ahead(plan, VIDEO, 1)
    assert asked == [("want", 1), ("ahead", 1)]


async def test_so_is_what_cannot_be_taken_and_nothing_is_made_ahead_of_what_can() -> None:
    asked, store = Asked(), MemoryStore()
    recorded = Recorded(
        channel=ChannelId("arena"), event=1, first=7, sound=make_plan(ASSET).audio[0].id, inits={VIDEO: "init-0.mp4"}
    )  # fmt: skip
    plan, taken = replace(make_plan(ASSET), recorded=recorded), at_once(asked, store)
    await taken.want(plan, VIDEO, 0)
    await taken.keep_ahead(plan, VIDEO, 0)
    assert asked == [("want", 0)]
    # One that is broken is left to others, too.
    key = layout.live_segment(recorded.channel, VIDEO, 7)
    await store.put(key, b"no segment at all", content_type="video/mp4")
    await store.put(layout.live_init(recorded.channel, VIDEO, "init-0.mp4"), b"nor an init section", content_type="-")
    await taken.want(plan, VIDEO, 0)
    assert asked == [("want", 0), ("want", 0)]
