"""Pictures that editors send: what they show is kept, whatever else is in the file is not."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

import av
import pytest

from manifests import layout
from tests.transcoder.house import ASSET, House
from tests.transcoder.odd.made import ffmpeg
from transcoder.encoder_settings import EncoderSettings
from transcoder.errors import ChildFailed, ChildTimedOut, OutputBroken
from transcoder.stills.image import demuxer_of, redrawn
from transcoder.windows import poster_image_task

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = EncoderSettings(threads=1)


def picture(folder: Path, name: str, size: str) -> bytes:
    """Red on the left, blue on the right."""
    path = folder / name
    width, height = map(int, size.split("x"))
    graph = f"color=red:s={size},drawbox={width // 2}:0:{width}:{height}:blue:fill"
    ffmpeg("-f", "lavfi", "-i", graph, "-frames:v", "1", "-metadata", "comment=made at home", str(path))
    return path.read_bytes()


def seen(jpeg: bytes) -> tuple[tuple[int, int], str]:
    """Its size, and which of its sides is red."""
    with av.open(io.BytesIO(jpeg), format="image2pipe", options={"vcodec": "mjpeg"}) as container:
        frame = next(container.decode(video=0)).reformat(format="rgb24")
    pixels = frame.to_ndarray()
    left, right = pixels[frame.height // 2, 2], pixels[frame.height // 2, -3]
    return (frame.width, frame.height), "left" if left[0] > 200 > 60 > right[0] else "?"


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
@pytest.mark.parametrize(
    ("size", "drawn"), [("320x180", (320, 180)), ("2560x1440", (1280, 720)), ("300x1600", (240, 1280))]
)
async def test_it_is_drawn_anew(name: str, size: str, drawn: tuple[int, int], tmp_path: Path) -> None:
    body = picture(tmp_path, name, size)
    made = await redrawn(body + b"<script>alert(1)</script>", settings=SETTINGS)
    assert demuxer_of(made) == "jpeg_pipe"
    assert seen(made) == (drawn, "left")
    assert b"<script" not in made
    assert b"made at home" not in made


def png(width: int, height: int, pixels: bytes) -> bytes:
    def piece(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + piece(b"IHDR", header) + piece(b"IDAT", pixels) + piece(b"IEND", b"")


HOSTILE = {
    "a bomb": png(60_000, 60_000, zlib.compress(bytes(60_000 * 1000), 9)),
    "a size that nobody has": png(2**31 - 1, 2**31 - 1, b""),
    "no pixels": png(0, 0, b""),
    "noise": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40,
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "an animation": b"GIF89a" + bytes(100),
    "sound": b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + bytes(24),
    "a playlist": b"\xff\xd8\xff" + b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "nothing": b"",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=list(HOSTILE))
async def test_what_is_no_picture_is_refused(body: bytes) -> None:
    with pytest.raises((ChildFailed, ChildTimedOut, OutputBroken)):
        await redrawn(body, settings=SETTINGS)


async def test_the_task_makes_a_poster_of_it_or_says_that_it_cannot(tmp_path: Path) -> None:
    house = House(tmp_path / "sources")
    for name, body in (("good", picture(tmp_path, "a.png", "64x36")), ("bad", HOSTILE["noise"])):
        await house.store.put(layout.poster_sent(ASSET, name), body, content_type="application/octet-stream")
        for _ in range(2):
            await house.handle(poster_image_task(ASSET, 1, name))
    assert seen(await house.store.read(layout.poster_image(ASSET, "good"))) == ((64, 36), "left")
    for name in ("good", "bad"):
        assert await house.store.head(layout.poster_sent(ASSET, name)) is None
    assert await house.store.head(layout.poster_image(ASSET, "bad")) is None
    assert await house.store.head(layout.poster_refused(ASSET, "bad")) is not None
