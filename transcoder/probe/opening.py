"""Opening a source with one demuxer, and nothing that it refers to."""

from __future__ import annotations

import re
from typing import Any, BinaryIO

import av
import av.error

from transcoder import accepted
from transcoder.mp4.boxes import top_level

_ANALYSE_US = 30_000_000
# Box types of protected sample entries (ISO/IEC 14496-12 §8.12, Apple's own) and the box that says how.
_PROTECTED = (b"encv", b"enca", b"drms", b"drmi", b"enct")
_SAMPLE_ENTRY = re.compile(rb"stsd.{12}([ -~]{4})", re.DOTALL)
_MOOV_SCAN = 32 << 20


class Refused(Exception):
    """What is wrong with the file: a code of `source_limits`, and the cause."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Recorder:
    """A file that remembers which bytes were read of it, as [start, end) in the order of the reads."""

    name = "source"

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.spans: list[tuple[int, int]] | None = []

    def read(self, size: int = -1) -> bytes:
        at = self._file.tell() if self.spans is not None else 0
        body = self._file.read(size)
        if self.spans is not None and body:
            if self.spans and self.spans[-1][1] == at:
                at = self.spans.pop()[0]
                self.spans.append((at, self._file.tell()))
            else:
                self.spans.append((at, at + len(body)))
        return body

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return self._file.seekable()

    def readable(self) -> bool:
        return True


def inspect_boxes(file: BinaryIO, size: int) -> tuple[bool, bool, list[str]]:
    """Whether an ISO file has its index (moov) whole, whether a track of it is encrypted, and what its tracks are coded
    as (the type of their sample entries, ISO/IEC 14496-12 §8.5.2)."""
    for kind, offset, length in top_level(file, size):
        if kind == b"moov":
            file.seek(offset)
            body = file.read(min(length, _MOOV_SCAN))
            entries = [match[1].decode("latin-1").strip() for match in _SAMPLE_ENTRY.finditer(body)]
            return offset + length <= size, b"sinf" in body and any(name in body for name in _PROTECTED), entries
    return False, False, []


def open_container(file: BinaryIO | Recorder, demuxer: str, size: int | None = None) -> Any:
    """The PyAV container. `size` of the file in bytes, None if nobody knows yet. Raises Refused."""
    # The file itself is read through us; there is nothing else that a demuxer may open.
    options = accepted.opening(demuxer, protocols="none") | {"analyzeduration": str(_ANALYSE_US)}
    try:
        return av.open(file, format=demuxer, options=options, metadata_errors="replace")
    except av.error.FFmpegError as exc:
        if demuxer == "mov" and size is not None:
            whole, encrypted, _ = inspect_boxes(file, size)  # type: ignore[arg-type]
            if encrypted:
                raise Refused("encrypted", str(exc)) from exc
            if not whole:
                raise Refused("truncated", "the index (moov) is missing or cut") from exc
        raise Refused("unreadable", str(exc)) from exc
