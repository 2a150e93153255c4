"""Bytes of any caption file become cues, or an error that tells the editor why not."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from manifests.captions import ass, broadcast, srt, ttml, vtt
from manifests.captions.encoding import decode
from manifests.captions.model import MAX_BYTES, CaptionTrack
from manifests.errors import CaptionError

if TYPE_CHECKING:
    from collections.abc import Callable

_READERS: Final[dict[str, Callable[[str], CaptionTrack]]] = {
    "webvtt": vtt.parse,
    "srt": srt.parse,
    "ttml": ttml.parse,
    "scc": broadcast.parse_scc,
    "ass": ass.parse,
}
_SUFFIXES: Final = {
    ".vtt": "webvtt",
    ".webvtt": "webvtt",
    ".srt": "srt",
    ".txt": "srt",
    ".ttml": "ttml",
    ".dfxp": "ttml",
    ".xml": "ttml",
    ".scc": "scc",
    ".ass": "ass",
    ".ssa": "ass",
}
_STARTS: Final = (("WEBVTT", "webvtt"), ("Scenarist_SCC", "scc"), ("<", "ttml"), ("[Script Info]", "ass"))
_DECLARED: Final = re.compile(rb"""\s*<\?xml[^>]{0,200}\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")


def read(body: bytes, name: str = "", *, encoding: str | None = None) -> CaptionTrack:
    """The cues of a caption file. What it is, its content says; `name` only where that leaves it open.

    encoding   what the editor says (a name that Python knows); None: Unicode, or what can be told from the bytes
    Raises CaptionError.
    """
    if len(body) > MAX_BYTES:
        raise CaptionError("too-large", f"A caption file has at most {MAX_BYTES // 1024**2} MB.")
    if not body.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise CaptionError("empty", "The file is empty.")
    if broadcast.is_stl(body):
        return broadcast.parse_stl(body)
    text, doubt = decode(body, encoding or _declared(body))
    reader = _READERS.get(_format(text, name))
    if reader is None:
        raise CaptionError("unknown-format", "The file is none of WebVTT, SRT, TTML, SCC, EBU STL or ASS.")
    track = reader(text)
    if not doubt:
        return track
    return CaptionTrack(cues=track.cues, format=track.format, warnings=(doubt, *track.warnings))


def _declared(body: bytes) -> str | None:
    """The encoding that an XML declaration names, where it can be read as ASCII."""
    match = _DECLARED.match(body)
    return None if match is None or match[1].lower() in (b"utf-8", b"utf8") else match[1].decode("ascii")


def _format(text: str, name: str) -> str:
    start = text[:1000].lstrip()
    for beginning, format in _STARTS:
        if start.startswith(beginning):
            return format
    by_name = _SUFFIXES.get(PurePosixPath(name).suffix.lower(), "")
    return by_name or ("srt" if "-->" in text[:100_000] else "")
