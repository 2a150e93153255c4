"""Real segments, real pictures: each GOP of the clip has a colour of its own."""

from __future__ import annotations

import io
import subprocess
from typing import TYPE_CHECKING

import av
import pytest

from infra.errors import ObjectNotFound
from manifests import layout
from tests.transcoder.house import ASSET, House
from tests.transcoder.odd.made import clip as clip_of_numbers
from tests.transcoder.odd.made import numbers
from transcoder.errors import ChildFailed
from transcoder.facts import find_stills
from transcoder.publish import key_of
from transcoder.stills.draw import draw, draw_frame
from transcoder.stills.storyboard import tile_size
from transcoder.task_stills import draw_once
from transcoder.video import encode_video
from transcoder.windows import Window, index_task, poster_task

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.layout import RenditionId

# The clip's colour changes every two seconds: black, then these; as limited-range luma.
_COLOURS = ("black", "white", "gray", "red", "blue")
_LUMA = (16, 235, 126, 63, 32)
"""BT.709 luma of each, limited range (ITU-R BT.709-6 §3)."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> bytes:
    path = tmp_path_factory.mktemp("colours") / "colours.mp4"
    inputs = [word for colour in _COLOURS for word in ("-f", "lavfi", "-i", f"color={colour}:s=480x270:r=25:d=2")]
    matrix = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,setparams=colorspace=bt709"
    graph = f"concat=n={len(_COLOURS)},{matrix}"
    subprocess.run(
        [ffmpeg, "-v", "error", *inputs, "-filter_complex", graph, "-c:v", "libx264", "-preset", "ultrafast", path],
        check=True,
    )
    return path.read_bytes()


@pytest.fixture
async def house(tmp_path: Path, clip: bytes) -> House:
    house = House(tmp_path / "sources")
    await house.upload(clip)
    await house.handle(index_task(ASSET, 1))
    plan = await house.plan()
    assert plan.video is not None
    source = tmp_path / "clip.mp4"
    source.write_bytes(clip)

    async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
        await house.store.put(key_of(ASSET, rendition, number), body, content_type="video/mp4")

    window = Window(track="video", first=0, count=plan.video.segments)
    await encode_video(plan, window, source=source, sink=sink, settings=house.parts.encoder)
    return house


def _luma(jpeg: bytes, x: int, y: int) -> int:
    """The luma (full range) of a pixel."""
    with av.open(io.BytesIO(jpeg), format="image2pipe", options={"vcodec": "mjpeg"}) as container:
        frame = next(container.decode(video=0))
        plane = frame.planes[0]
        return bytes(plane)[y * plane.line_size + x]


def _near(jpeg: bytes, x: int, y: int, gop: int) -> bool:
    """Whether a pixel has the colour of a GOP, as BT.601 in full range: what the eye sees did not change."""
    grey = round((_LUMA[gop] - 16) * 255 / 219)
    expected = {3: 76, 4: 29}.get(gop, grey)  # ITU-R BT.601-7 §2.5.1: 0.299 R, 0.114 B
    return abs(_luma(jpeg, x, y) - expected) <= 4


async def test_every_gop_has_its_tile_and_posters_are_of_the_frames_they_say(house: House) -> None:
    plan, made = await house.plan(), dict[str, bytes]()
    assert plan.video is not None

    async def keep(name: str, body: bytes) -> None:
        made[name] = body

    stills = await draw(house.store, plan, settings=house.parts.encoder, sink=keep)
    assert stills.storyboard is not None
    (sheet,) = stills.storyboard.sprites
    assert sheet.frames == (0, 50, 100, 150, 200)
    width, height = tile_size(plan.video)
    assert stills.storyboard.columns == 5
    for gop in range(5):
        assert _near(made[sheet.name], gop * width + width // 2, height // 2, gop), gop
    assert [candidate.name for candidate in stills.candidates] == ["poster-0.jpg", "poster-1.jpg"]
    for candidate in stills.candidates:
        assert _near(made[candidate.name], stills.width // 2, stills.height // 2, candidate.frame // 50), candidate
    assert (stills.width, stills.height) == (480, 270)


async def test_they_are_drawn_once_and_say_what_is_there(house: House) -> None:
    plan = await house.plan()
    await draw_once(house.parts, plan, last=False)
    stills = await find_stills(house.store, ASSET, 1)
    assert stills is not None
    names = {"storyboard-0.jpg", "storyboard.vtt", *(candidate.name for candidate in stills.candidates)}
    found = {stat.key: stat.etag async for stat in house.store.list("media/clip/stills-1/")}
    assert found.keys() == {layout.still(ASSET, 1, name) for name in names}
    await draw_once(house.parts, plan, last=False)
    assert found == {stat.key: stat.etag async for stat in house.store.list("media/clip/stills-1/")}


async def test_a_missing_segment_is_no_reason_to_have_none(house: House) -> None:
    plan = await house.plan()
    assert plan.video is not None
    await house.store.delete([key_of(ASSET, rung.id, 1) for rung in plan.video.rungs])
    with pytest.raises(ObjectNotFound):
        await draw_once(house.parts, plan, last=True)
    assert await find_stills(house.store, ASSET, 1) is None


async def test_what_cannot_be_drawn_is_tried_again_and_fails_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = await house.plan()
    monkeypatch.setenv("CHANNEL_FFMPEG", "/bin/false")
    with pytest.raises(ChildFailed):
        await draw_once(house.parts, plan, last=False)
    assert await find_stills(house.store, ASSET, 1) is None
    await draw_once(house.parts, plan, last=True)
    stills = await find_stills(house.store, ASSET, 1)
    assert stills is not None
    assert (stills.storyboard, stills.candidates) == (None, ())
    assert "false ended with 1" in stills.note


async def test_any_picture_is_drawn_for_an_editor_once(house: House) -> None:
    plan = await house.plan()
    assert plan.video is not None
    gop = plan.video.gop
    for frame in (1, gop - 1, gop, gop + 1, 3 * gop + 7, plan.video.frames - 1):
        await house.handle(poster_task(ASSET, 1, frame))
        drawn = await house.store.read(layout.still(ASSET, 1, layout.poster_at(frame)))
        assert _near(drawn, 100, 100, frame // gop), frame
    key = layout.still(ASSET, 1, layout.poster_at(gop))
    await house.store.put(key, b"it is there", content_type="image/jpeg")
    await house.handle(poster_task(ASSET, 1, gop))
    assert await house.store.read(key) == b"it is there"


async def test_a_picture_that_there_is_not_is_not_drawn(house: House) -> None:
    await house.handle(poster_task(ASSET, 1, 1_000_000))
    assert await house.store.head(layout.still(ASSET, 1, layout.poster_at(1_000_000))) is None


async def test_it_is_the_very_picture(tmp_path: Path) -> None:
    """Pictures that carry their number: none is taken for its neighbour, B-frames or not."""
    house = House(tmp_path / "sources")
    source = clip_of_numbers(tmp_path / "numbers.mp4", 25, 120)
    await house.upload(source.read_bytes())
    await house.handle(index_task(ASSET, 1))
    plan = await house.plan()

    async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
        await house.store.put(key_of(ASSET, rendition, number), body, content_type="video/mp4")

    assert plan.video is not None
    window = Window(track="video", first=0, count=plan.video.segments)
    await encode_video(plan, window, source=source, sink=sink, settings=house.parts.encoder)
    for frame in (0, 7, 49, 50, 51, 99, 118, 119):
        drawn = await draw_frame(house.store, plan, frame, settings=house.parts.encoder)
        assert numbers(drawn, tmp_path) == [frame]
