"""FD DEMUXER STREAM SEEK END POSITION: read a source as an encode is going to, so that all it touches is fetched.

A program of its own, run under `python -I` in the sandbox (see spans.py). It opens what the socket FD serves with
ffmpeg's libraries, as the ffmpeg that encodes will (from byte POSITION on), seeks to SEEK (µs; "-": no seek) and
demuxes STREAM until well past END (µs). It prints "straight" if the time stamps never went back, so that what comes
after need not be read.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

# The package by itself: in its cage a child may not look through the folder that the package lies in.
_package = ModuleType("transcoder")
_package.__path__ = [str(Path(__file__).resolve().parents[1])]
sys.modules.setdefault("transcoder", _package)

import av
import av.error
import av.logging

from transcoder import accepted
from transcoder.sources.child_file import RemoteFile

_SECOND = 1_000_000
_BEHIND_US = 2 * _SECOND
_BEHIND_PACKETS = 48
_BACK_US = _SECOND
# What ffmpeg's program seeks before the wanted time where a format seeks by decoding time: room for reordering.
_REORDERING_US = 3 * _SECOND // 23


def _seek(container: Any, ticks: int) -> None:
    places = [ticks]
    if not container.format.flags & av.format.Flags.seek_to_pts.value and container.streams.video:
        # It does so only if pictures are reordered; both are tried, and reading goes on from the earlier one.
        places.append(ticks - _REORDERING_US)
    for place in places:
        try:
            container.seek(place)
        except av.error.FFmpegError:
            continue  # ffmpeg too reads from where it stands


def _read(container: Any, stream: Any, end: int) -> bool:
    """Whether the stream's clock never went back until well past `end`, or to the end of the file."""
    behind, last = 0, None
    try:
        for packet in container.demux(stream):
            stamp = packet.dts if packet.dts is not None else packet.pts
            if stamp is None or not packet.size:
                continue
            now = int(stamp * stream.time_base * _SECOND)
            if last is not None and now < last - _BACK_US:
                return False  # what was behind the end may come again
            last = now
            behind += now > end
            if behind >= _BEHIND_PACKETS and now > end + _BEHIND_US:
                return True
    except (av.error.FFmpegError, IndexError):
        return False
    return True


def main(fd: str, demuxer: str, number: str, seek: str, end: str, position: str) -> None:
    av.logging.set_level(av.logging.PANIC)
    # As ffmpeg's program is told to; the rest are its defaults.
    options = accepted.opening(demuxer, protocols="none") | {"scan_all_pmts": "1", "skip_initial_bytes": position}
    with av.open(RemoteFile(int(fd)), format=demuxer, options=options, metadata_errors="replace") as container:
        if seek != "-":
            _seek(container, int(seek))
        wanted = container.streams[int(number)]
        for stream in container.streams:
            if stream.index != wanted.index:
                stream.discard = av.stream.Discard.all
        print("straight" if _read(container, wanted, int(end)) else "crooked")  # noqa: T201 - the answer


if __name__ == "__main__":
    main(*sys.argv[1:])
