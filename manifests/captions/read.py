"""Bytes of any caption file become cues, or an error that tells the editor why not."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from manifests.captions import srt, vtt
from manifests.captions.encoding import decode
from manifests.captions.model import MAX_BYTES, CaptionTrack
from manifests.errors import CaptionError

if TYPE_CHECKING:
    from collections.abc import Callable

_TEXT_READERS: Final[dict[str, Callable[[str], CaptionTrack]]] = {"webvtt": vtt.parse, "srt": srt.parse}
_SUFFIXES: Final = {".vtt": "webvtt", ".webvtt": "webvtt", ".srt": "srt", ".txt": "srt"}


def read(body: bytes, name: str = "", *, encoding: str | None = None) -> CaptionTrack:
    """The cues of a caption file. What it is, its content says; `name` only where that leaves it open.

    encoding   what the editor says (a name that Python knows); None: Unicode, or what can be told from the bytes
    Raises CaptionError.
    """
    if len(body) > MAX_BYTES:
        raise CaptionError("too-large", f"A caption file has at most {MAX_BYTES // 1024**2} MB.")
    if not body.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise CaptionError("empty", "The file is empty.")
    text, doubt = decode(body, encoding)
    reader = _TEXT_READERS.get(_format(text, name))
    if reader is None:
        raise CaptionError("unknown-format", "The file is neither WebVTT nor SRT.")
    track = reader(text)
    if not doubt:
        return track
    return CaptionTrack(cues=track.cues, format=track.format, warnings=(doubt, *track.warnings))


def _format(text: str, name: str) -> str:
    start = text[:1000].lstrip()
    if start.startswith("WEBVTT"):
        return "webvtt"
    by_name = _SUFFIXES.get(PurePosixPath(name).suffix.lower(), "")
    return by_name or ("srt" if "-->" in text[:100_000] else "")
