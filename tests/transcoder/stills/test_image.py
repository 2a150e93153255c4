"""Pictures that editors send: what they show is kept, whatever else is in the file is not."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

import av
import pytest
from PIL import Image, ImageCms

from manifests import layout
from tests.transcoder.house import ASSET, House
from tests.transcoder.odd.made import ffmpeg
from transcoder.encoder_settings import EncoderSettings
from transcoder.errors import PictureRefused
from transcoder.stills.image import drawn_for_slate, kind_of, redrawn, refusal
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
    assert kind_of(made) == "JPEG"
    assert seen(made) == (drawn, "left")
    assert b"<script" not in made
    assert b"made at home" not in made


def png(width: int, height: int, pixels: bytes, *, depth: int = 1, colour: int = 0) -> bytes:
    def piece(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + piece(b"IHDR", header) + piece(b"IDAT", pixels) + piece(b"IEND", b"")


def saved(shown: Image.Image, form: str, **options: Any) -> bytes:
    body = io.BytesIO()
    shown.save(body, form, **options)
    return body.getvalue()


CARD = Image.new("RGB", (40, 20), (200, 40, 20))
CARD.paste((20, 60, 200), (20, 0, 40, 20))
NOISE = Image.effect_noise((64, 64), 90).convert("RGB")

REFUSED = {
    "a bomb": (png(60_000, 60_000, zlib.compress(bytes(60_000 * 1000), 9)), "too_large"),
    "30,000 by 30,000": (png(30_000, 30_000, b""), "too_large"),
    "a size that nobody has": (png(2**31 - 1, 2**31 - 1, b""), "too_large"),
    "no pixels": (png(0, 0, b""), "unreadable"),
    "noise": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "unreadable"),
    "half a JPEG": (saved(NOISE, "JPEG")[:-1000], "unreadable"),
    "half a PNG": (saved(NOISE, "PNG")[:-1000], "unreadable"),
    "half a WebP": (saved(NOISE, "WEBP")[:-1000], "unreadable"),
    "an animated PNG": (saved(NOISE, "PNG", save_all=True, append_images=[NOISE.rotate(90)]), "animated"),
    "an animated WebP": (saved(NOISE, "WEBP", save_all=True, append_images=[NOISE.rotate(90)]), "animated"),
    "a drawing": (
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>', "unknown",
    ),
    "an animation": (b"GIF89a" + bytes(100), "unknown"),
    "sound": (b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + bytes(24), "unknown"),
    "a playlist": (b"\xff\xd8\xff" + b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "unreadable"),
    "nothing": (b"", "unknown"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "code"), REFUSED.values(), ids=list(REFUSED))
async def test_what_is_no_picture_is_refused_with_a_reason(body: bytes, code: str) -> None:
    with pytest.raises(PictureRefused) as refused:
        await drawn_for_slate(body, settings=SETTINGS)
    assert refused.value.code == code
    assert str(refused.value) == str(refusal(code))
    assert str(refused.value).count(". "), "it says what to do"


def turned(shown: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x112] = orientation
    return saved(shown, "PNG", exif=exif)


def exchanged() -> bytes:
    """A colour profile whose red is what others call green (ICC.1 §7.3: a table of tags)."""
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return made.replace(b"rXYZ", b"?", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"?", b"gXYZ", 1)


RED, BLUE = (200, 40, 20), (20, 60, 200)
SHOWN = {
    "as it is": (saved(CARD, "PNG"), RED, BLUE),
    "JPEG": (saved(CARD, "JPEG", quality=95), RED, BLUE),
    "WebP": (saved(CARD, "WEBP", lossless=True), RED, BLUE),
    "CMYK": (saved(CARD.convert("CMYK"), "JPEG", quality=95), RED, BLUE),
    "a telephone's": (saved(CARD, "MPO", save_all=True, append_images=[NOISE], quality=95), RED, BLUE),
    "on its head": (turned(CARD.rotate(180), 3), RED, BLUE),
    "a palette": (saved(CARD.quantize(4), "PNG"), RED, BLUE),
    "of other colours": (saved(CARD, "PNG", icc_profile=exchanged()), (40, 200, 20), (60, 20, 200)),
    "a broken profile": (saved(CARD, "PNG", icc_profile=b"nonsense" * 20), RED, BLUE),
    "half transparent": (saved(Image.new("RGBA", (4, 4), (255, 255, 255, 128)), "PNG"), (128,) * 3, (128,) * 3),
    "grey, half transparent": (saved(Image.new("LA", (4, 4), (255, 128)), "PNG"), (128,) * 3, (128,) * 3),
    "transparent of a palette": (saved(CARD.quantize(4), "PNG", transparency=0), None, None),
    "sixteen bits of grey": (saved(Image.new("I;16", (8, 8), 0x8000), "PNG"), (128,) * 3, (128,) * 3),
    "sixteen bits of each colour": (
        png(1, 1, zlib.compress(b"\0" + bytes.fromhex("c8c8 2828 1414")), depth=16, colour=2), RED, RED,
    ),
    "black and white": (saved(Image.new("1", (8, 8), 1), "PNG"), (255,) * 3, (255,) * 3),
    "one pixel": (saved(Image.new("RGB", (1, 1), RED), "PNG"), RED, RED),
    "a line": (saved(Image.new("RGB", (9000, 2), RED), "PNG"), RED, RED),
}  # fmt: skip


@pytest.mark.parametrize(("body", "left", "right"), SHOWN.values(), ids=list(SHOWN))
async def test_its_colours_are_those_that_it_means(
    body: bytes, left: tuple[int, ...] | None, right: tuple[int, ...] | None
) -> None:
    made = Image.open(io.BytesIO(await drawn_for_slate(body, settings=SETTINGS)), formats=("PNG",))
    assert made.mode == "RGB"
    assert made.width <= 3840
    assert not made.info, "nothing else of the file is left"
    for wanted, at in ((left, 0), (right, made.width - 1)):
        found = made.getpixel((at, made.height // 2))
        assert isinstance(found, tuple)
        if wanted is None:  # one of its colours is none
            assert (0, 0, 0) in {made.getpixel((0, 0)), made.getpixel((made.width - 1, 0))}
        else:
            assert all(abs(mine - yours) <= 3 for mine, yours in zip(found, wanted, strict=True)), found


async def test_the_task_makes_a_poster_of_it_or_says_that_it_cannot(tmp_path: Path) -> None:
    house = House(tmp_path / "sources")
    for name, body in (("good", picture(tmp_path, "a.png", "64x36")), ("bad", REFUSED["noise"][0])):
        await house.store.put(layout.poster_sent(ASSET, name), body, content_type="application/octet-stream")
        for _ in range(2):
            await house.handle(poster_image_task(ASSET, 1, name))
    assert seen(await house.store.read(layout.poster_image(ASSET, "good"))) == ((64, 36), "left")
    for name in ("good", "bad"):
        assert await house.store.head(layout.poster_sent(ASSET, name)) is None
    assert await house.store.head(layout.poster_image(ASSET, "bad")) is None
    assert await house.store.head(layout.poster_refused(ASSET, "bad")) is not None
