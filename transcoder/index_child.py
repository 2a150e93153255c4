"""SOURCE DEMUXER LIMITS: demux a file once, decode a few frames, print the timeline of every stream as JSON.

A program of its own, run under `python -I` in the sandbox (see index.py): it imports the standard library, PyAV, and
of ours what needs no more than those. SOURCE is the path of a local file, or `fd:N` for the socket of a source that
another process holds (sources/child_file.py). It opens that with the demuxer it is told, and nothing that the file
refers to. What is wrong with the file is an answer like any other: `{"refused": code, "detail": text}`.

Where the tables of an MP4 tell the timeline, no more of its media is read than the few packets that are decoded. Of a
source that still arrives (LIMITS say its `length`) they must, and nothing is read of its end.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, Final, cast

# The package by itself: in its cage a child may not look through the folder that the package lies in.
_package = ModuleType("transcoder")
_package.__path__ = [str(Path(__file__).resolve().parents[0])]
sys.modules.setdefault("transcoder", _package)

import av.error
import av.logging

from transcoder.matroska import has_foreign_colours
from transcoder.mp4.boxes import NotPlain
from transcoder.mp4.movie import Movie, read_movie
from transcoder.probe.opening import Recorder, Refused, inspect_boxes, open_container
from transcoder.probe.tables import complete
from transcoder.probe.track import Track, describe, tracks_of
from transcoder.sources.child_file import RemoteFile

_FOREIGN: Final = "Dolby Vision profile 5"


def _demux(container: Any, tracks: list[Track], limits: dict[str, int], *, probe: bool) -> tuple[str, bool]:
    """Take packets to the end of the file, or until every stream that has some is probed.

    Returns what went wrong, and whether the end was reached. Raises Refused.
    """
    by_index = {track.stream.index: track for track in tracks}
    probing = [track for track in tracks if probe and len(track.stream.index_entries)]
    try:
        for count, packet in enumerate(container.demux([track.stream for track in tracks]) if tracks else (), 1):
            if count > limits["max_packets"]:
                raise Refused("too_many_frames", str(count))
            if packet.size:
                by_index[packet.stream_index].take(packet)
                if probing and not any(track.probing for track in probing):
                    return "", False
    except (av.error.FFmpegError, IndexError) as exc:
        # What was read stands. IndexError: PyAV's last step, when a stream has appeared under way.
        return str(exc), True
    return "", True


def _read(file: BinaryIO, demuxer: str, limits: dict[str, int], size: int, movie: Movie | None) -> dict[str, Any]:
    """The answer, by the tables of `movie` or without them. Raises Refused, NotPlain."""
    arriving = "length" in limits
    recorder = Recorder(file)
    with open_container(recorder, demuxer, size) as container:
        head, recorder.spans = recorder.spans, None
        if len(container.streams) > limits["max_streams"]:
            raise Refused("too_many_streams", str(len(container.streams)))
        tracks, unsupported = tracks_of(container, limits)
        error, ended = _demux(container, tracks, limits, probe=movie is not None)
        if movie is not None:
            if arriving and ended:
                raise Refused("truncated", "the first pictures have not come yet")
            complete(container, tracks, movie, size=size, ended=ended, arriving=arriving)
            if (count := sum(track.packets for track in tracks)) > limits["max_packets"]:
                raise Refused("too_many_frames", str(count))
        for track in tracks:
            track.finish()
        sound = tracks and not unsupported and all(track.frames for track in tracks)
        _, encrypted, entries = inspect_boxes(file, size) if demuxer == "mov" and not sound else (True, False, [])
        return {
            "streams": [describe(track) for track in tracks],
            "unsupported": unsupported,
            "error": error,
            "encrypted": encrypted,
            "entries": entries,
            "head": head if movie is not None else None,
        }


def index(file: BinaryIO, demuxer: str, limits: dict[str, int]) -> dict[str, Any]:
    """The answer about a whole file. Raises Refused."""
    size = limits.get("length") or file.seek(0, os.SEEK_END)
    if demuxer == "mov":
        with contextlib.suppress(NotPlain):
            movie = read_movie(file, size)
            if movie.foreign_colours:
                raise Refused("unsupported_codec", _FOREIGN)
            return _read(file, demuxer, limits, size, movie)
    elif demuxer == "matroska" and has_foreign_colours(file):
        raise Refused("unsupported_codec", _FOREIGN)
    if "length" in limits:
        raise Refused("truncated", "no tables tell what is still to come")
    file.seek(0)
    return _read(file, demuxer, limits, size, None)


def _open(source: str) -> BinaryIO:
    if source.startswith("fd:"):
        return cast("BinaryIO", RemoteFile(int(source.removeprefix("fd:"))))
    return Path(source).open("rb", buffering=0)


def main(source: str, demuxer: str, limits: str) -> None:
    av.logging.set_level(av.logging.PANIC)
    with _open(source) as file:
        try:
            answer = index(file, demuxer, json.loads(limits))
        except Refused as exc:
            answer = {"refused": exc.code, "detail": str(exc)}
        except MemoryError as exc:
            answer = {"refused": "too_complex", "detail": repr(exc)}
        except (ArithmeticError, LookupError, ValueError) as exc:
            # Values that no sound file has, wherever they surface.
            answer = {"refused": "unreadable", "detail": repr(exc)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
