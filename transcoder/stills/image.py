"""A picture that an editor sends, as a JPEG of our own: decoded in the sandbox, and without whatever else was in the
file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import ffmpeg
from anyio import to_thread

from transcoder.errors import OutputBroken
from transcoder.ffmpeg import ffmpeg_path, run
from transcoder.inputs import command

if TYPE_CHECKING:
    from transcoder.encoder_settings import EncoderSettings

MAX_BYTES: Final = 10 << 20
_MAX_PIXELS: Final = 50_000_000
"""What a camera takes. A file of some kilobytes may say that it has a thousand times that many."""
_LONGEST_SIDE: Final = 1280
_DEMUXERS: Final = ((b"\xff\xd8\xff", "jpeg_pipe"), (b"\x89PNG\r\n\x1a\n", "png_pipe"), (b"RIFF", "webp_pipe"))
_SENT, _MADE = "sent", "poster.jpg"


def demuxer_of(body: bytes) -> str | None:
    """The one demuxer that may open a picture, by its first bytes; None for what is no JPEG, PNG or WebP."""
    found = next((demuxer for start, demuxer in _DEMUXERS if body.startswith(start)), None)
    return None if found == "webp_pipe" and body[8:12] != b"WEBP" else found


async def redrawn(body: bytes, *, settings: EncoderSettings, nice: int = 0) -> bytes:
    """The picture as a JPEG, 1280 pixels a side at most. Raises ChildFailed, ChildTimedOut, OutputBroken; OutputBroken
    too for what is no picture."""
    demuxer = demuxer_of(body)
    if demuxer is None:
        raise OutputBroken("neither JPEG, PNG nor WebP")
    with tempfile.TemporaryDirectory(prefix="poster-") as name:
        folder = Path(name)
        await to_thread.run_sync((folder / _SENT).write_bytes, body)
        source = ffmpeg.input(
            _SENT, f=demuxer, protocol_whitelist="file", format_whitelist=demuxer, max_pixels=_MAX_PIXELS, threads=1
        )["v:0"]  # fmt: skip
        sides = (f"trunc(min(1,{_LONGEST_SIDE}/max(iw,ih))*{side}/2+0.5)*2" for side in ("iw", "ih"))
        # A JPEG is BT.601 in full range (JFIF 1.02).
        made = source.filter("scale", *sides, flags="bicubic", out_color_matrix="bt601", out_range="full").output(
            _MADE, f="image2", update=1, pix_fmt="yuvj420p", map_metadata=-1,
            **{"frames:v": 1, "c:v": "mjpeg", "q:v": 3, "fflags": "+bitexact", "flags:v": "+bitexact"},
        )  # fmt: skip
        await run(command(ffmpeg_path(), made), limits=settings.limits, cwd=folder, nice=nice)
        try:
            return await to_thread.run_sync((folder / _MADE).read_bytes)
        except FileNotFoundError as exc:
            raise OutputBroken("no picture came of it") from exc
