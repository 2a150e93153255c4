"""A picture that an editor sends, as one of our own: decoded in the sandbox, in sRGB and upright, and without whatever
else was in the file."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from anyio import to_thread

from transcoder.errors import OutputBroken, PictureRefused
from transcoder.ffmpeg import run

if TYPE_CHECKING:
    from transcoder.encoder_settings import EncoderSettings
    from transcoder.errors import TranscodeError

MAX_BYTES: Final = 10 << 20
_MAX_PIXELS: Final = 50_000_000
"""What a camera takes. A file of some kilobytes may say that it has a thousand times that many."""
_KINDS: Final = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"RIFF", "WEBP"))
_CHILD: Final = Path(__file__).with_name("image_child.py")
_SENT, _MADE = "sent", "made"
_REASONS: Final = {
    "unknown": "This is no JPEG, PNG or WebP picture. Save it as one of these and send that.",
    "unreadable": "The picture is damaged, or not all of it is there. Save it again as JPEG, PNG or WebP.",
    "animated": "The picture moves. Send a single picture.",
    "too_large": "The picture has more than fifty million pixels. Scale it down: more than 3840 × 2160 is never shown.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """What is made: `width` × `height` at most, in Pillow's format `form`."""

    form: str
    width: int
    height: int
    options: dict[str, Any] = field(default_factory=dict)


_POSTER: Final = _Form(form="JPEG", width=1280, height=1280, options={"quality": 90})
# Written once and read by machines: what another second of compression takes off is not worth it.
_SLATE: Final = _Form(form="PNG", width=3840, height=2160, options={"compress_level": 3})


class _Answer(msgspec.Struct, frozen=True):
    """As image_child.py prints it."""

    refused: str
    detail: str = ""


def kind_of(body: bytes) -> str | None:
    """ "JPEG", "PNG" or "WEBP", by its first bytes; None for anything else. What is behind them may be no picture."""
    found = next((kind for start, kind in _KINDS if body.startswith(start)), None)
    return None if found == "WEBP" and body[8:12] != b"WEBP" else found


def refusal(code: str) -> PictureRefused:
    """Why a picture is refused, in a sentence for who sent it."""
    return PictureRefused(_REASONS.get(code, _REASONS["unreadable"]), code=code)


def code_of(exc: TranscodeError) -> str:
    """The code of whatever `redrawn` and `drawn_for_slate` raise."""
    return exc.code if isinstance(exc, PictureRefused) else "unreadable"


async def redrawn(body: bytes, *, settings: EncoderSettings, nice: int = 0) -> bytes:
    """The picture as a JPEG, 1280 pixels a side at most. Raises PictureRefused, ChildFailed, ChildTimedOut."""
    return await _made(body, _POSTER, settings=settings, nice=nice)


async def drawn_for_slate(body: bytes, *, settings: EncoderSettings, nice: int = 0) -> bytes:
    """The picture as a PNG, 3840 × 2160 pixels at most. Raises PictureRefused, ChildFailed, ChildTimedOut."""
    return await _made(body, _SLATE, settings=settings, nice=nice)


async def _made(body: bytes, form: _Form, *, settings: EncoderSettings, nice: int) -> bytes:
    kind = kind_of(body)
    if kind is None:
        raise refusal("unknown")
    asked = msgspec.json.encode({**asdict(form), "kind": kind, "max_pixels": _MAX_PIXELS})
    with tempfile.TemporaryDirectory(prefix="picture-") as name:
        folder = Path(name)
        await to_thread.run_sync((folder / _SENT).write_bytes, body)
        argv = [sys.executable, "-I", str(_CHILD), asked.decode()]
        said = await run(argv, limits=settings.limits, cwd=folder, nice=nice)
        answer = msgspec.json.decode(said, type=_Answer)
        if answer.refused:
            raise refusal(answer.refused)
        try:
            return await to_thread.run_sync((folder / _MADE).read_bytes)
        except FileNotFoundError as exc:
            raise OutputBroken("no picture came of it") from exc
