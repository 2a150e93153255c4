"""Clips of real encodes. The pictures carry their number as a bar code, so that a wrong frame is seen as one."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from infra.memory import MemoryStore
from manifests.layout import AssetId, RenditionId
from tests.transcoder.test_video import _SETTINGS, Made, _clip, _encode, _numbers, _plan
from transcoder import clip_segments
from transcoder.boxes import read_header
from transcoder.clip_plan import clip_of_frames
from transcoder.clip_segments import ClipSegments, OfParent
from transcoder.fragments import fragments_of
from transcoder.publish import key_of
from transcoder.video import unit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from transcoder.plan import Plan, VideoPlan

CLIP = AssetId("cut")
FRAMES = 110
"""Of 25 frames/s in GOPs of 12 and segments of 24."""

Encoded = list[tuple[int, list[RenditionId]]]


def clip_segments_of(store: MemoryStore, plan: Plan, above: Plan | None) -> ClipSegments:
    """What takes over for a clip what its parent has."""
    assert plan.video is not None
    assert plan.parent is not None
    return ClipSegments(plan=plan, above=OfParent(store=store, video=plan.video, parent=plan.parent, parent_plan=above))


class Parent:
    """An asset that is encoded, in a bucket."""

    def __init__(self, plan: Plan, source: Path, made: Made) -> None:
        self.plan, self.source, self.made, self.store = plan, source, made, MemoryStore()
        self.encoded: Encoded = []

    async def publish(self, plan: Plan, made: Made) -> None:
        for name, body in made.items():
            await self.store.put(key_of(plan.asset, *name), body, content_type="video/mp4")

    async def clip(self, plan: Plan, above: Plan) -> Made:
        """All that is taken over or made for a clip of what is `above` it."""
        made: Made = {}

        async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
            assert made.setdefault((rendition, number), body) == body

        assert plan.video is not None
        clip = clip_segments_of(self.store, plan, above)
        for number in range(plan.video.segments):
            encoding = {"source": self.source, "settings": _SETTINGS}
            await clip.make(number, {rung.id for rung in plan.video.rungs}, sink, track="video", encoding=encoding)
        await self.publish(plan, made)
        return made


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> tuple[Plan, Path, Made]:
    source = _clip(tmp_path_factory.mktemp("parent") / "source.mp4", Fraction(25), FRAMES)
    plan = _plan([n * 512 for n in range(FRAMES)], rate=Fraction(25), time_base=Fraction(1, 12800))
    return plan, source, await _encode(plan, source)


@pytest.fixture
async def parent(whole: tuple[Plan, Path, Made], monkeypatch: pytest.MonkeyPatch) -> Parent:
    plan, source, made = whole
    found = Parent(plan, source, made)
    await found.publish(plan, made)
    encode: Callable[..., Awaitable[None]] = clip_segments.encode_video

    async def counted(plan: Plan, *arguments: Any, **options: Any) -> None:
        assert plan.video is not None
        found.encoded.append((plan.video.frames, [rung.id for rung in plan.video.rungs]))
        await encode(plan, *arguments, **options)

    monkeypatch.setattr(clip_segments, "encode_video", counted)
    return found


def shown(first: int, stop: int, divisor: int) -> list[int]:
    """The pictures of a clip: its first frame in every rung, then every frame that the rung has."""
    return [first, *(frame for frame in range(first + 1, stop) if frame % divisor == 0)]


def check(video: VideoPlan, made: Made, first: int, stop: int, folder: Path) -> None:
    """Every rung shows exactly these frames, at the right times, without a gap."""
    for rung in video.rungs:
        body = b"".join(made[rung.id, number] for number in (None, *range(video.segments)))
        assert _numbers(body, folder) == shown(first, stop, rung.divisor)
        for number in range(video.segments):
            frames, parts = video.frames_of(number), fragments_of(made[rung.id, number])
            assert parts[0].decode_time == frames.start * unit(video)
            assert all(part.sync for part in parts)
            for part, following in pairwise(parts):
                assert part.decode_time + part.duration == following.decode_time
            end = parts[-1].decode_time + parts[-1].duration
            assert 0 <= end - frames.stop * unit(video) < rung.divisor * unit(video)


RANGES = (
    (0, FRAMES), (24, 72), (36, 60), (0, 50), (13, 97), (30, FRAMES), (7, 8), (FRAMES - 1, FRAMES), (14, 20), (23, 25),
    (11, 49), (24, 30),
)  # fmt: skip


@pytest.mark.parametrize(("first", "stop"), RANGES)
async def test_a_clip_shows_exactly_its_frames(parent: Parent, first: int, stop: int, tmp_path: Path) -> None:
    plan = clip_of_frames(parent.plan, range(first, stop), asset=CLIP, version=1)
    video = plan.video
    assert video is not None
    made = await parent.clip(plan, parent.plan)
    check(video, made, first, stop, tmp_path)
    assert len(parent.encoded) <= 2
    assert sum(frames for frames, _ in parent.encoded) < 2 * video.gop
    aligned = sum(edge % video.gop == 0 or edge == FRAMES for edge in (first, stop))
    if stop - first > video.gop:
        assert len(parent.encoded) == 2 - aligned
    for rung in video.rungs:
        assert made[rung.id, None] == parent.made[rung.id, None]


async def test_whole_groups_of_pictures_are_the_parents_bytes(parent: Parent) -> None:
    plan = clip_of_frames(parent.plan, range(13, 97), asset=CLIP, version=1)
    made = await parent.clip(plan, parent.plan)
    for rung in plan.video.rungs if plan.video is not None else ():
        above = [part.body for n in range(5) for part in fragments_of(parent.made[rung.id, n])]
        mine = [part.body for n in range(5) if (rung.id, n) in made for part in fragments_of(made[rung.id, n])]
        assert [_pictures(body) for body in mine[1:-1]] == [_pictures(body) for body in above[2:8]]


def _pictures(fragment: bytes) -> bytes:
    moof = read_header(fragment)
    assert moof is not None
    return fragment[moof.end :]


@pytest.mark.parametrize(("first", "stop"), [(13, 97), (7, 8), (23, 49), (0, 30)])
async def test_it_can_be_made_of_the_source_alone(parent: Parent, first: int, stop: int, tmp_path: Path) -> None:
    plan = clip_of_frames(parent.plan, range(first, stop), asset=CLIP, version=1)
    assert plan.video is not None
    made = await _encode(plan, parent.source)
    check(plan.video, made, first, stop, tmp_path)
    for rung in plan.video.rungs:
        assert made[rung.id, None] == parent.made[rung.id, None]


async def test_what_the_parent_lacks_is_left_to_the_ordinary_encode(parent: Parent, tmp_path: Path) -> None:
    lost = {(RenditionId("v90-1"), 1), (RenditionId("v64-1"), 3)}
    await parent.store.delete([key_of(parent.plan.asset, *name) for name in lost])
    plan = clip_of_frames(parent.plan, range(13, 97), asset=CLIP, version=1)
    assert plan.video is not None
    made = await parent.clip(plan, parent.plan)
    wanted = {(rung.id, number) for rung in plan.video.rungs for number in (None, *range(plan.video.segments))}
    assert wanted - made.keys() == lost
    everything = {**(await _encode(plan, parent.source)), **made}
    check(plan.video, everything, 13, 97, tmp_path)


@pytest.mark.parametrize(("first", "stop"), [(0, 84), (5, 40), (11, 84), (12, 13)])
async def test_a_clip_of_a_clip(parent: Parent, first: int, stop: int, tmp_path: Path) -> None:
    above = clip_of_frames(parent.plan, range(13, 97), asset=CLIP, version=1)
    await parent.clip(above, parent.plan)
    parent.encoded.clear()
    below = clip_of_frames(above, range(first, stop), asset=AssetId("again"), version=3)
    assert below.video is not None
    assert {rung.id for rung in below.video.rungs} == {"v90-3", "v64-3"}
    made = await parent.clip(below, above)
    check(below.video, made, 13 + first, 13 + stop, tmp_path)
    assert len(parent.encoded) <= 2
    if (first, stop) == (0, 84):
        assert parent.encoded == [], "its edges are the parent's"


async def test_without_a_parent_nothing_is_taken_over(parent: Parent) -> None:
    plan = clip_of_frames(parent.plan, range(13, 97), asset=CLIP, version=1)
    clip = clip_segments_of(parent.store, plan, None)
    made: Made = {}

    async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
        made[rendition, number] = body

    encoding = {"source": parent.source, "settings": _SETTINGS}
    await clip.make(0, {RenditionId("v90-1")}, sink, track="video", encoding=encoding)
    assert made == {}
