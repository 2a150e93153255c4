"""WANTED: redraw the picture in the file "sent" as "made", and print what became of it as one line of JSON.

A program of its own, run under `python -I` in the sandbox (see image.py). What comes of it has no profile, no alpha
and no orientation any more: pixels of sRGB that stand upright, over black.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageOps

_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""Of a profile's colour space (ICC.1 §7.2.6) the mode that it is about."""
_CAN_MOVE = frozenset({"PNG", "WEBP"})
"""Other than a JPEG, whose further pictures are a depth map or a preview (MPO)."""
_EIGHT_OF_SIXTEEN = 1 / 256


class Refused(Exception):
    """Its message is the reason's code."""


def redrawn(kind: str, *, max_pixels: int, width: int, height: int) -> Image.Image:
    """The picture, at most `width` × `height`."""
    Image.MAX_IMAGE_PIXELS = None  # a bound of our own
    with Image.open("sent", formats=(kind,)) as picture:
        if picture.width * picture.height > max_pixels:
            raise Refused("too_large")
        if picture.format in _CAN_MOVE and getattr(picture, "is_animated", False):
            raise Refused("animated")
        picture.load()
        with suppress(Exception):  # an orientation that cannot be understood says nothing
            ImageOps.exif_transpose(picture, in_place=True)
        return _over_black(picture, width=width, height=height)


def _over_black(picture: Image.Image, *, width: int, height: int) -> Image.Image:
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I"):  # 16 bits of grey
        picture = picture.convert("I").point(lambda value: value * _EIGHT_OF_SIXTEEN).convert("L")
    alpha = None
    if picture.has_transparency_data:
        alpha = picture.convert("RGBA").getchannel("A")
    if picture.mode in {"L", "LA", "La", "1"}:
        picture = picture.convert("L")
    elif picture.mode not in {"RGB", "CMYK"}:
        picture = picture.convert("RGB")
    scale = min(1.0, width / picture.width, height / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    # A new one has nothing of what else stood in the file.
    made = Image.new("RGB", picture.size)
    made.paste(_in_srgb(picture, profile), mask=alpha)
    return made.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """By its profile, or as sRGB if it has none: one that is broken, or of other colours, counts as none."""
    if profile:
        with suppress(ImageCms.PyCMSError, OSError, TypeError, ValueError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if _MODES.get(source.profile.xcolor_space.strip()) == picture.mode:
                found = ImageCms.profileToProfile(
                    picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB",
                    renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                    flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
                )  # fmt: skip
                if found is not None:
                    return found
    return picture.convert("RGB")


def main(wanted: str) -> None:
    asked: dict[str, Any] = json.loads(wanted)
    form, options = asked.pop("form"), asked.pop("options")
    answer = {"refused": ""}
    try:
        made = redrawn(asked.pop("kind"), **asked)
        with Path("made").open("wb") as target:
            made.save(target, form, **options)
    except Refused as exc:
        answer["refused"] = str(exc)
    except Exception as exc:  # whatever a decoder makes of a file: it is none
        answer |= {"refused": "unreadable", "detail": repr(exc)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
