"""FD DEMUXER LIMITS: demux a source while it arrives; print what comes of every stream, a line of JSON at a time.

A program of its own, run under `python -I` in the sandbox (see scan.py), of the same make as index_child.py. It reads
the socket FD from the first byte to the last, without a jump, and waits there for what has not arrived. Lines:

    {"seen": {stream: {"stamps": […]}}}             pictures, in decoding order
    {"seen": {stream: {"end": …, "entries": […]}}}  where the sound ends; packets that decoding may begin with
    {"head": answer}    once, when the first frames of every stream are decoded: an answer like index_child's
    {"whole": answer}   at the end of the source: what index_child would answer

Without a last line the source is not one that this can follow: the index will say what it is.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, BinaryIO, cast

# The package by itself: in its cage a child may not look through the folder that the package lies in.
_package = ModuleType("transcoder")
_package.__path__ = [str(Path(__file__).resolve().parents[1])]
sys.modules.setdefault("transcoder", _package)

import av
import av.error
import av.logging

from transcoder.matroska import has_foreign_colours
from transcoder.probe.opening import Refused, open_container
from transcoder.probe.track import Track, describe, far_apart, is_plausible, tracks_of
from transcoder.sources.child_file import RemoteFile

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable


class ArrivingFile(RemoteFile):
    """A source as a stream. `before_waiting` is called when all that was read of it is used up."""

    def __init__(self, fd: int, before_waiting: Callable[[], None]) -> None:
        super().__init__(fd, is_seekable=False)
        self._before_waiting = before_waiting

    def _question(self, offset: int, length: int) -> bytes:
        self._before_waiting()
        return super()._question(offset, length)


class Telling:
    """What was told of a track: every stamp but the last one, which only the next one tells from damage."""

    def __init__(self, track: Track) -> None:
        self.track = track
        self.index: int = track.stream.index
        self._is_video = track.stream.type == "video"
        self._far = far_apart(track.stream.time_base)
        self._told = 0
        self._entries = 0
        self._end: int | None = None

    def news(self) -> dict[str, Any] | None:
        stamps: array[int] = self.track.stamps
        places = [
            place
            for place in range(self._told, len(stamps) - 1)
            if place == 0 or is_plausible(stamps[place - 1], stamps[place], stamps[place + 1], self._far)
        ]
        self._told = max(self._told, len(stamps) - 1)
        if not places:
            return None
        if self._is_video:
            return {"stamps": [stamps[place] for place in places]}
        ends = [stamps[place] + self.track.durations[place] for place in places]
        self._end = max(ends) if self._end is None else max(self._end, *ends)
        news: dict[str, Any] = {"end": self._end}
        if self.track.count is not None:
            news["entries"] = self.track.count.entries[self._entries :]
            self._entries = len(self.track.count.entries)
        return news


class Scan:
    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self.unsupported: list[str] = []
        self._telling: list[Telling] = []
        self._has_head = False

    def begin(self, container: Any, limits: dict[str, int]) -> None:
        self.tracks, self.unsupported = tracks_of(container, limits)
        self._telling = [Telling(track) for track in self.tracks]

    def took(self) -> None:
        """A packet was taken."""
        if not (self._has_head or any(track.probing for track in self.tracks)):
            self._has_head = True
            _print({"head": self._answer()})

    def tell(self) -> None:
        """Print what is new. Called while the demuxer reads: nothing here may ask it anything."""
        seen = {each.index: news for each in self._telling if (news := each.news()) is not None}
        if seen:
            _print({"seen": seen})

    def end(self) -> None:
        """All packets were taken."""
        self.tell()
        for track in self.tracks:
            track.finish()
        # What is not all sound the index looks at again, as a whole: it tells damage from protection.
        if self.tracks and all(track.frames and not track.encrypted for track in self.tracks):
            _print({"whole": self._answer()})

    def _answer(self) -> dict[str, Any]:
        return {"streams": [describe(track) for track in self.tracks], "unsupported": self.unsupported}


def _print(line: dict[str, Any]) -> None:
    json.dump(line, sys.stdout, separators=(",", ":"))
    sys.stdout.write("\n")
    sys.stdout.flush()


def scan(fd: int, demuxer: str, limits: dict[str, int]) -> None:
    following = Scan()
    file = ArrivingFile(fd, following.tell)
    if demuxer == "matroska" and has_foreign_colours(cast("BinaryIO", file)):
        return  # the index will say so
    file.seek(0)
    with open_container(cast("BinaryIO", file), demuxer, 0) as container:
        following.begin(container, limits)
        by_index = {track.stream.index: track for track in following.tracks}
        packets = container.demux([track.stream for track in following.tracks]) if by_index else ()
        for count, packet in enumerate(packets, 1):
            if count > limits["max_packets"]:
                return
            if packet.size:
                by_index[packet.stream_index].take(packet)
                following.took()
        following.end()


def main(fd: str, demuxer: str, limits: str) -> None:
    av.logging.set_level(av.logging.PANIC)
    try:
        scan(int(fd), demuxer, json.loads(limits))
    except (Refused, av.error.FFmpegError, MemoryError, ArithmeticError, LookupError, ValueError) as exc:
        # Not ours to judge while bytes are still to come.
        sys.stderr.write(f"{exc!r}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
