"""What viewers were told of an event and the bucket has not yet, in files of this machine.

    {folder}/facts/{key}              what the event is made of, init sections, the slate
    {folder}/writers                  a line for each outbox that has told of it: whose turns Redis may have
    {folder}/{rendition}/{number}     a segment: a record for each part, one behind the other

Redis and the live process may die together. What had been listed then is here: each part is written before Redis hears
of it, with the state as it is told. Files are deleted when the bucket has what they hold, but for the last of each
rendition. One process writes: who has the lock of the home (`streaming.live.lease`).

Nothing is synced: what the kernel has taken outlives the process, and when a machine dies it is another one that goes
on. A record that is not whole (its CRC says so) ends what is read.
"""

from __future__ import annotations

import logging
import shutil
import struct
import zlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import quote

from manifests.layout import ChannelId
from transcoder.live import board

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from manifests.layout import RenditionId
    from manifests.live.state import LiveRendition, LiveSegment
    from transcoder.live.event import LiveEvent

log: Final = logging.getLogger("channel.live")

_RECORD: Final = struct.Struct(">III")
"""Bytes of the tail, bytes of the body, CRC-32 of both; then these."""
_WAITING: Final = 256
"""Records for a disk that takes nothing; what comes then is let go."""
_MOST: Final = 512 << 20
"""Twice what waits for the bucket at the most (uploads.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """`tail`: the state behind it (`board.load_tail`); b"": it was not told."""

    tail: bytes
    body: bytes


class Journal:
    """Of one event. `folder` is made with the first write; at most `most` bytes are kept, the newest."""

    def __init__(self, folder: Path, *, most: int = _MOST) -> None:
        self._folder, self._most = folder, most
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._waiting: deque[Future[None]] = deque()
        # Of the thread alone, from here on.
        self._files: dict[RenditionId, tuple[int, IO[bytes] | None]] = {}
        self._sizes: dict[Path, int] | None = None
        self._over: set[Path] = set()
        self._is_failing = False

    # --- writing: in order, in a thread, and nobody has to wait for it ---

    def fact(self, key: str, value: bytes) -> Future[None]:
        return self._thread.submit(self._tried, lambda: self._write_fact(key, value))

    def writer(self, token: str) -> Future[None]:
        return self._thread.submit(self._tried, lambda: self._write_writer(token))

    def add(self, rendition: RenditionId, number: int, record: Record) -> Future[None]:
        """A part of segment `number`, or what became of it."""
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft()
        if len(self._waiting) >= _WAITING:
            return self._thread.submit(self._tried, lambda: self._let_go(rendition, number))
        written = self._thread.submit(self._tried, lambda: self._append(rendition, number, record))
        self._waiting.append(written)
        return written

    def forget(self, numbers: range) -> Future[None]:
        """Segments that are in the bucket, and told of there."""
        return self._thread.submit(self._tried, lambda: self._drop(numbers))

    def clear(self) -> Future[None]:
        """All of it."""
        return self._thread.submit(self._tried, self._remove)

    def close(self) -> None:
        self._thread.submit(self._tried, self._close)
        self._thread.shutdown(wait=False)

    # --- reading: before anything is written ---

    def read_fact(self, key: str) -> bytes | None:
        with suppress(OSError):
            return self._fact_path(key).read_bytes()
        return None

    def writers(self) -> set[str]:
        with suppress(OSError):
            return set((self._folder / "writers").read_text().split())
        return set()

    def body(self, rendition: RenditionId, segment: LiveSegment) -> bytes | None:
        """The bytes of a segment, as much of it as there is; None: not all of it is here."""
        body = b"".join(record.body for record in self._records(self._folder / rendition / str(segment.number)))
        return body if body and len(body) == segment.size else None

    def states(
        self, event: LiveEvent, known: Mapping[RenditionId, LiveRendition]
    ) -> dict[RenditionId, LiveRendition] | None:
        """What goes on from `known` (from Redis or the bucket, of an earlier moment); None: it does not."""
        found = dict(known)
        for rendition in event.renditions:
            state = known.get(rendition)
            past = () if state is None else state.segments
            for number in self._numbers(rendition):
                tails = [record.tail for record in self._records(self._folder / rendition / str(number)) if record.tail]
                later = board.joined(past, board.load_tail(tails[-1])) if tails else None
                if later is not None:
                    found[rendition], past = later, later.segments
            if rendition in found and found[rendition] is state:
                return None
        return found if len(found) == len(event.renditions) else None

    # --- the thread ---

    def _tried(self, write: Callable[[], None]) -> None:
        try:
            write()
            self._is_failing = False
        except OSError as exc:
            if not self._is_failing:
                log.warning("the journal of a live event cannot be written", extra={"cause": str(exc)})
            self._is_failing = True

    def _fact_path(self, key: str) -> Path:
        return self._folder / "facts" / quote(key, safe="")

    def _write_fact(self, key: str, value: bytes) -> None:
        path = self._fact_path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}~")
        unfinished.write_bytes(value)
        unfinished.replace(path)

    def _write_writer(self, token: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "writers").open("a") as file:
            file.write(f"{token}\n")

    def _append(self, rendition: RenditionId, number: int, record: Record) -> None:
        path = self._folder / rendition / str(number)
        before, file = self._files.get(rendition, (-1, None))
        if before != number:
            if file is not None:
                file.close()
            file = self._opened(path)
            self._files[rendition] = (number, file)
        if file is None:
            return  # a part of it is missing
        try:
            head = _RECORD.pack(len(record.tail), len(record.body), zlib.crc32(record.body, zlib.crc32(record.tail)))
            file.write(b"".join((head, record.tail, record.body)))
        except OSError:
            self._let_go(rendition, number)
            raise
        self._count(path, file.tell())

    def _let_go(self, rendition: RenditionId, number: int) -> None:
        """A segment of which a part is missing is none."""
        self._files[rendition] = (number, None)
        self._delete(self._folder / rendition / str(number))

    def _opened(self, path: Path) -> IO[bytes]:
        """To go on with: what is not whole at its end is cut off."""
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = sum(_RECORD.size + len(record.tail) + len(record.body) for record in self._records(path))
        file = path.open("ab", buffering=0)
        file.truncate(whole)
        return file

    def _count(self, path: Path, size: int) -> None:
        if self._sizes is None:
            self._sizes = {each: each.stat().st_size for each in self._segments()}
        self._sizes[path] = size
        while sum(self._sizes.values()) > self._most and len(self._sizes) > len(self._files):
            oldest = min(self._sizes, key=lambda each: int(each.name))
            if oldest == path:
                return
            self._delete(oldest)

    def _drop(self, numbers: range) -> None:
        for folder in {path.parent for path in self._segments()}:
            there = sorted((path for path in folder.iterdir()), key=lambda path: int(path.name))
            self._over |= {path for path in there if int(path.name) in numbers}
            for path in self._over.intersection(there[:-1]):
                self._over.discard(path)
                self._delete(path)

    def _delete(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        if self._sizes is not None:
            self._sizes.pop(path, None)

    def _remove(self) -> None:
        self._close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _close(self) -> None:
        for _, file in self._files.values():
            if file is not None:
                file.close()
        self._files, self._sizes = {}, None

    # --- files ---

    def _segments(self) -> Iterable[Path]:
        return [path for path in self._folder.glob("*/*") if path.name.isdecimal()]

    def _numbers(self, rendition: RenditionId) -> list[int]:
        return sorted(int(path.name) for path in self._folder.glob(f"{rendition}/*") if path.name.isdecimal())

    @staticmethod
    def _records(path: Path) -> list[Record]:
        try:
            content = path.read_bytes()
        except OSError:
            return []
        found, at = [], 0
        while at + _RECORD.size <= len(content):
            tail_size, body_size, crc = _RECORD.unpack_from(content, at)
            begin, end = at + _RECORD.size, at + _RECORD.size + tail_size + body_size
            if end > len(content) or zlib.crc32(content[begin:end]) != crc:
                break
            found.append(Record(tail=content[begin : begin + tail_size], body=content[begin + tail_size : end]))
            at = end
        return found


def clear_others(folder: Path, kept: Mapping[ChannelId, int]) -> None:
    """Delete the journals of all channels and events but these: nobody goes on with them."""
    for path in folder.glob("*/*"):
        if kept.get(ChannelId(path.parent.name)) != int(path.name):
            shutil.rmtree(path, ignore_errors=True)
