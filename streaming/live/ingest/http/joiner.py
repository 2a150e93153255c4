"""Tracks that are pushed by requests of their own, joined into one fragmented MP4. Pure.

Each request counts its tracks from 1: they are numbered anew. Of several pictures the largest is taken, of sounds the
first one. Encoders that push the same track twice, for redundancy, send the same fragments: each is taken once.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from streaming.live.ingest.http.tracks import Track, fragment_headers, track_id_at
from transcoder.boxes import read_boxes

if TYPE_CHECKING:
    from streaming.live.ingest.http.tracks import Fragment, Header

KINDS: Final = (b"vide", b"soun")
_FTYP: Final = struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"iso6", 0, b"iso6", b"cmfc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A track that goes into the file: whose (`name`), which of them, and its number in the file."""

    name: str
    track: Track
    number: int


def choose(headers: dict[str, Header]) -> tuple[Chosen, ...]:
    """The picture and the sound of what is pushed; names in the order in which they came."""
    found: list[Chosen] = []
    for kind in KINDS:
        offered = [(name, track) for name, header in headers.items() for track in header.tracks if track.kind == kind]
        if offered:
            name, track = max(offered, key=lambda one: one[1].size)  # the first of those that are alike
            found.append(Chosen(name=name, track=track, number=len(found) + 1))
    return tuple(found)


class Joiner:
    """One file: what was chosen is settled by the headers that it begins with."""

    def __init__(self, headers: dict[str, Header]) -> None:
        self.chosen = choose(headers)
        self._headers = dict(headers)
        self._numbers = {(each.name, each.track.id): each.number for each in self.chosen}
        self._times: dict[int, int] = {}

    def begins(self) -> bytes:
        """`ftyp` and `moov`."""
        mvhd = next(iter(self._headers.values())).mvhd
        numbered = mvhd[:-4] + struct.pack(">I", len(self.chosen) + 1)  # next_track_ID is its last field
        traks = b"".join(_numbered_trak(each.track.trak, each.number) for each in self.chosen)
        trexes = b"".join(
            each.track.trex[:12] + struct.pack(">I", each.number) + each.track.trex[16:] for each in self.chosen
        )
        return _FTYP + _box(b"moov", numbered + traks + _box(b"mvex", trexes))

    def is_settled_by(self, headers: dict[str, Header]) -> bool:
        """Whether these headers would make the same file: else another one has to begin."""
        return choose(headers) == self.chosen

    def is_behind(self, name: str, fragment: Fragment) -> bool:
        """Whether it begins before, or with, the last fragment of its track."""
        return any(time <= self._times.get(number, -1) for number, time in self._known(name, fragment))

    def fragment(self, name: str, fragment: Fragment) -> bytes:
        """The fragment as it stands in the file; nothing for one that was there, or of a track that was not chosen."""
        known = self._known(name, fragment)
        if not known or self.is_behind(name, fragment):
            return b""
        self._times.update(known)
        moof = bytearray(fragment.moof)
        for traf, tfhd in fragment_headers(fragment.moof):
            (number,) = struct.unpack_from(">I", moof, tfhd.body + 4)
            if (name, number) in self._numbers:
                struct.pack_into(">I", moof, tfhd.body + 4, self._numbers[name, number])
            else:  # not chosen, in one fragment with one that was: its place is kept, for others are found by offsets
                moof[traf.start + 4 : traf.start + 8] = b"free"
        return bytes(moof) + fragment.mdat

    def _known(self, name: str, fragment: Fragment) -> list[tuple[int, int]]:
        return [
            (self._numbers[name, number], time) for number, time in fragment.times if (name, number) in self._numbers
        ]  # fmt: skip


def _numbered_trak(trak: bytes, number: int) -> bytes:
    (outer,) = read_boxes(trak)
    tkhd = next(box for box in read_boxes(trak, outer.body, outer.end) if box.kind == b"tkhd")
    changed = bytearray(trak)
    struct.pack_into(">I", changed, track_id_at(trak, tkhd), number)
    return bytes(changed)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body
