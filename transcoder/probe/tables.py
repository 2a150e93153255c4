"""The timeline of an MP4 without reading its media.

libavformat has read the tables when the file is open: its index tells the decode time, the position and the flags of
every sample, after edit lists, exactly as it is going to demux them. What it does not tell is how far composition is
from decoding; that comes from `ctts`, found again by the sample's position in the file. The packets that are read all
the same, at the beginning and at the end, must be what both say, else the file is demuxed.
"""

from __future__ import annotations

from array import array
from itertools import compress, islice
from operator import add, attrgetter, eq
from typing import TYPE_CHECKING, Any

from transcoder.mp4.boxes import NotPlain
from transcoder.mp4.samples import composition_offsets, positions
from transcoder.probe.groups import FINE, LENGTH, groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcoder.mp4.movie import Movie
    from transcoder.mp4.samples import SampleTable
    from transcoder.probe.track import Track

_NEGATION = bytes((1, *bytes(255)))

_TAIL = 2
"""Packets at the end of a stream that are read: their durations say where it ends."""


def complete(
    container: Any, tracks: list[Track], movie: Movie, *, size: int, ended: bool, arriving: bool = False
) -> None:
    """Give probed tracks what is left of their timelines.

    `size` is the file's in bytes; `ended`: the tracks have all their packets, and want the byte groups alone;
    `arriving`: the last packets can't be read yet, so the end of a track is where its last packet begins. Raises
    NotPlain where the file has to be demuxed.
    """
    if movie.fragmented or movie.protected:
        raise NotPlain("fragmented or protected")
    for track in tracks:
        entries = _Entries(track.stream, size)
        if not entries.stamps:
            continue
        if track.stream.id not in movie.tracks:
            raise NotPlain("a track that the demuxer made up")
        stamps = _presented(entries, movie.tracks[track.stream.id], track.places)
        track.group = FINE if arriving else LENGTH
        track.reads = groups(stamps, entries.positions, entries.sizes, entries.keys, length=track.group)
        if not ended:
            first = _take(track, entries, stamps)
            if not arriving:
                _measure(container, track, entries, stamps, first)


class _Entries:
    """libavformat's index of a stream, without empty samples, in decoding order."""

    def __init__(self, stream: Any, size: int) -> None:
        # Kept as objects once: each look at the index makes a new one.
        found = list(stream.index_entries)
        self.stamps, self.positions, self.sizes = (
            array("q", map(attrgetter(name), found)) for name in ("timestamp", "pos", "size")
        )
        self.keys, self.hidden = (bytes(map(attrgetter(name), found)) for name in ("is_keyframe", "is_discard"))
        if 0 in self.sizes:
            raise NotPlain("empty samples")
        if max(map(add, self.positions, self.sizes), default=0) > size:
            raise NotPlain("samples behind the end of the file")


def _presented(entries: _Entries, table: SampleTable, places: Sequence[tuple[int | None, int | None]]) -> array[int]:
    """The presentation stamp of every sample, in decoding order. `places` are those of the packets that were read."""
    count = len(entries.stamps)
    offsets = array("i", bytes(4 * count)) if table.composition is None else _offsets(entries, table)
    position, stamp = places[0] if places else (None, None)
    if position is None or stamp is None:
        raise NotPlain("packets without a position or a stamp")
    # libavformat moves decoding ahead where `ctts` has negative offsets; by how much, the first packet says.
    shift = stamp - entries.stamps[0] - offsets[0]
    stamps = array("q", map(add, entries.stamps, offsets))
    if shift:
        stamps = array("q", (stamp + shift for stamp in stamps))
    if list(places) != list(islice(zip(entries.positions, stamps, strict=True), len(places))):
        raise NotPlain("packets are not what the tables say")
    return stamps


def _offsets(entries: _Entries, table: SampleTable) -> array[int]:
    where = positions(table)
    offsets = composition_offsets(table, len(where))
    if len(where) == len(entries.positions) and all(map(eq, where, entries.positions)):
        return offsets
    by_position = dict(zip(where, offsets, strict=True))
    try:
        return array("i", map(by_position.__getitem__, entries.positions))
    except KeyError as exc:
        raise NotPlain("a sample that no table has") from exc


def _take(track: Track, entries: _Entries, stamps: array[int]) -> int:
    """All packets of a track, as the tables tell them; returns the number of the first whose duration is asked for."""
    shown = entries.hidden.translate(_NEGATION)
    if 1 not in shown:
        raise NotPlain("nothing is shown")
    track.packets, track.missing = sum(shown), 0
    track.stamps = stamps if all(shown) else array("q", compress(stamps, shown))
    latest = max(track.stamps)
    # Nobody asks how long the others last.
    track.durations = array("q", bytes(8 * track.packets))
    return max(0, min(len(stamps) - _TAIL, next(place for place, stamp in _backwards(stamps) if stamp == latest)))


def _measure(container: Any, track: Track, entries: _Entries, stamps: array[int], first: int) -> None:
    """How long the last packets are, as they are read."""
    shown = entries.hidden.translate(_NEGATION)
    place = sum(shown[:first])
    for number, packet in enumerate(_tail(container, track, entries, first), first):
        if (packet.pos, packet.pts) != (entries.positions[number], stamps[number]):
            raise NotPlain("the last packets are not what the tables say")
        if shown[number]:
            track.last, track.durations[place] = packet, packet.duration or 0
            place += 1


def _backwards(stamps: Sequence[int]) -> Iterable[tuple[int, int]]:
    return zip(range(len(stamps) - 1, -1, -1), reversed(stamps), strict=True)


def _tail(container: Any, track: Track, entries: _Entries, first: int) -> list[Any]:
    """The packets from number `first` on."""
    container.seek(entries.stamps[first], stream=track.stream, any_frame=True)
    found: list[Any] = []
    for packet in container.demux([track.stream]):
        if packet.size and (found or packet.pos == entries.positions[first]):
            found.append(packet)
        if len(found) == len(entries.stamps) - first:
            return found
    raise NotPlain("the last packets are not found")
