from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.memory import MemoryStore
from manifests.layout import AssetId, RenditionId
from transcoder.fragments import fragments_of
from transcoder.live.recording.at_once import needs_no_encoder, take
from transcoder.live.recording.plan import recorded_frames, recorded_plan
from transcoder.live.recording.source import recorded_source, write_head
from transcoder.plan import Protection
from transcoder.profile import Encryption

if TYPE_CHECKING:
    from tests.transcoder.live.recording.taped import Tape
    from transcoder.plan import Plan

ASSET = AssetId("clip")
SEGMENT = 96


async def planned(event: Tape) -> Plan:
    stretch = event.stretch()
    source = recorded_source(stretch, await write_head(event.store, stretch, asset=ASSET, version=1))
    return recorded_plan(stretch, source, asset=ASSET, version=1)


class Made(dict[tuple[RenditionId, int | None], bytes]):
    async def __call__(self, rendition: RenditionId, number: int | None, body: bytes) -> None:
        self[rendition, number] = body


@pytest.mark.parametrize(("begin", "stop"), [(0, 230), (SEGMENT, SEGMENT + 16)])
async def test_what_was_live_is_taken_in_every_rendition(event: Tape, begin: int, stop: int) -> None:
    plan, made = recorded_frames(await planned(event), range(begin, stop)), Made()
    assert needs_no_encoder(plan)
    for rendition, count in plan.renditions().items():
        for number in range(count):
            assert await take(event.store, plan, rendition, number, made)
    assert set(made) == {(name, each) for name, count in plan.renditions().items() for each in (None, *range(count))}
    assert plan.video is not None
    shown = [sum(part.samples for part in fragments_of(made[plan.video.rungs[-1].id, n])) for n in range(count)]
    assert sum(shown) == stop - begin


async def test_an_init_section_alone(event: Tape) -> None:
    plan, alone, made = await planned(event), Made(), Made()
    for rendition in plan.renditions():
        assert await take(event.store, plan, rendition, None, alone)
        assert await take(event.store, plan, rendition, 0, made)
        assert alone[rendition, None] == made[rendition, None]
    assert {number for _, number in alone} == {None}


async def test_what_needs_an_encoder_is_left_alone(event: Tape) -> None:
    whole = await planned(event)
    cut = recorded_frames(whole, range(7, 200))
    assert not needs_no_encoder(cut)
    assert cut.video is not None
    top, sound = cut.video.rungs[-1].id, cut.audio[0].id
    for rendition in (top, sound):
        made = Made()
        assert not await take(event.store, cut, rendition, 0, made)
        assert made == {}
    assert await take(event.store, cut, top, 1, Made()), "it begins with a key picture"


async def test_what_is_not_there_is_left_alone(event: Tape) -> None:
    plan = await planned(event)
    locked = replace(plan, protection=Protection(scheme=Encryption.AES_128))
    assert not needs_no_encoder(locked)
    assert not needs_no_encoder(replace(plan, recorded=None))
    for store, asked in ((MemoryStore(), plan), (event.store, locked), (event.store, replace(plan, recorded=None))):
        made = Made()
        for rendition in plan.renditions():
            assert not await take(store, asked, rendition, 0, made)
        assert made == {}
    assert not await take(event.store, plan, RenditionId("v1080-1"), 0, Made())
