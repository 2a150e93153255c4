"""Clips and trims of what is not plain: rungs in HEVC and AV1, interlaced sources, a varying rate.

Whatever the parent shows from a frame to another, the part shows too, picture by picture: where its edges are encoded
anew, and where all of it is made of the source alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.memory import MemoryStore
from manifests.layout import AssetId
from tests.transcoder.odd.made import SWEEP, X264, clip, numbers, sweep
from tests.transcoder.odd.package import SETTINGS, index_of, joined
from tests.transcoder.test_clip_segments import clip_segments_of
from transcoder.clip_plan import clip_of_frames
from transcoder.plan import SourceRef
from transcoder.planner import make_plan
from transcoder.profile import DEFAULT, Codec, row
from transcoder.publish import key_of
from transcoder.video import encode_video
from transcoder.windows import Window, tracks

if TYPE_CHECKING:
    from manifests.layout import RenditionId
    from transcoder.plan import Plan

    Made = dict[tuple[RenditionId, int | None], bytes]

_FIELDS = ("-flags", "+ildct+ilme", "-field_order", "tt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How a source is made, which codecs it is encoded in, and how its pictures are told apart (numbers, or places)."""

    make: Callable[[Path], Path]
    codecs: tuple[Codec, ...] = (Codec.H264,)
    read: Callable[[bytes, Path], list[int] | list[float]] = numbers
    cuts: tuple[tuple[int, int], ...] = ((7, 71), (30, 31))


SOURCES = {
    "HEVC and AV1": Source(
        make=lambda folder: clip(folder / "plain.mp4", 25, 80), codecs=(Codec.HEVC, Codec.AV1),
    ),
    "interlaced": Source(
        make=lambda folder: clip(
            folder / "fields.mp4", 50, 60, *X264, *_FIELDS, drawn=SWEEP,
            filters=("tinterlace=interleave_top", "setfield=tff"),
        ),
        read=sweep, cuts=((9, 113), (51, 52)),
    ),
    # Pictures are left out, so that others are held for one to four frames.
    "varying": Source(
        make=lambda folder: clip(
            folder / "varying.mkv", 25, 50, *X264, "-fps_mode", "vfr", "-enc_time_base", "1:1000",
            filters=("select='lt(mod(n,11),4)+eq(mod(n,11),7)+eq(mod(n,11),8)'",),
        ),
        cuts=((6, 70), (27, 40), (31, 32)),
    ),
}  # fmt: skip


def plan_of(path: Path, codecs: tuple[Codec, ...]) -> Plan:
    """One rung a codec, at the full rate; GOPs of a second, segments of two."""
    step = replace(row(90, 100, 25), codecs=codecs)
    profile = replace(DEFAULT, codecs=codecs, ladder=(step,), gop=1, segment=2)
    index = index_of(path)
    reference = SourceRef(key="sources/a/1", size=path.stat().st_size, demuxer=index.demuxer)
    plan = make_plan(asset=AssetId("a"), version=1, source=reference, index=index, profile=profile)
    assert plan.video is not None
    rungs = tuple(replace(rung, divisor=1) for rung in plan.video.rungs if rung.codec in codecs)
    return replace(plan, video=replace(plan.video, rungs=rungs))


async def encoded(plan: Plan, source: Path) -> Made:
    """All of the picture, from the source alone, a window a segment."""
    made: Made = {}

    async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
        assert made.setdefault((rendition, number), body) == body

    for track, count in tracks(plan).items():
        for number in range(count):
            window = Window(track=track, first=number, count=1)
            await encode_video(plan, window, source=source, sink=sink, settings=SETTINGS)
    return made


async def taken_over(plan: Plan, parent: Plan, above: Made, source: Path) -> Made:
    """The same, of the parent's segments where that is possible."""
    store, made = MemoryStore(), dict[tuple["RenditionId", int | None], bytes]()
    for name, body in above.items():
        await store.put(key_of(parent.asset, *name), body, content_type="video/mp4")

    async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
        made[rendition, number] = body

    assert plan.video is not None
    cutting = clip_segments_of(store, plan, parent)
    for track, count in tracks(plan).items():
        rungs = {rung.id for rung in plan.video.rungs if rung.codec is _CODECS.get(track, Codec.H264)}
        for number in range(count):
            encoding = {"source": source, "settings": SETTINGS}
            await cutting.make(number, rungs, sink, track=track, encoding=encoding)
    return made


_CODECS = {codec.value: codec for codec in (Codec.HEVC, Codec.AV1)}


def shown(plan: Plan, made: Made, source: Source, folder: Path) -> dict[Codec, list[int] | list[float]]:
    assert plan.video is not None
    bodies = {
        rung.codec: joined({number: body for (name, number), body in made.items() if name == rung.id})
        for rung in plan.video.rungs
    }
    return {codec: source.read(body, folder) for codec, body in bodies.items()}


@pytest.mark.parametrize("source", SOURCES.values(), ids=list(SOURCES))
async def test_a_part_shows_what_the_whole_shows_there(source: Source, tmp_path: Path) -> None:
    path = source.make(tmp_path)
    parent = plan_of(path, source.codecs)
    assert parent.video is not None
    above = await encoded(parent, path)
    whole = shown(parent, above, source, tmp_path)
    assert {codec: len(seen) for codec, seen in whole.items()} == dict.fromkeys(source.codecs, parent.video.frames)
    for place, (first, stop) in enumerate(source.cuts):
        # In turns a clip, and a trim: another version of the same asset.
        asset, version = (AssetId("clip"), 1) if place % 2 == 0 else (parent.asset, 2)
        plan = clip_of_frames(parent, range(first, stop), asset=asset, version=version)
        for made in (await taken_over(plan, parent, above, path), await encoded(plan, path)):
            for codec, seen in shown(plan, made, source, tmp_path).items():
                assert seen == pytest.approx(whole[codec][first:stop], abs=0.75), (codec, first, stop)
            for rung, earlier in zip(plan.video.rungs if plan.video else (), parent.video.rungs, strict=True):
                assert made[rung.id, None] == above[earlier.id, None], "whoever switches needs no other init section"
