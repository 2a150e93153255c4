"""Objects that are pushed under names of their own: a playlist or an MPD says what they are. Pure.

DASH-IF Live Media Ingest 1.1, interface 2. Segments may come before the playlist that names them: they are held until
then. A segment that was given out is forgotten; of those that nobody named the oldest ones, when there are too many.
"""

from __future__ import annotations

import posixpath
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import unquote

from manifests.errors import PlaylistError
from manifests.hls import lines
from streaming.live.ingest.errors import ProtocolFault
from streaming.live.ingest.http.errors import TooMuchHeld
from streaming.live.ingest.http.mpd import Representation, representations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HELD: Final = 96 << 20
"""Bytes of segments that wait for their playlist, of one key."""
MOST_HELD: Final = 1024
"""Segments that wait, however small they are."""

_TS: Final = b"\x47"
_GIVEN: Final = 512
_MANIFESTS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A segment whose turn has come. `track` is the object that holds its header; None for one that needs none (TS),
    which is of `playlist`. `afresh`: its encoder began anew, or a discontinuity is before it."""

    track: str | None
    playlist: str
    body: bytes
    afresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """A segment as a playlist lists it."""

    path: str
    init: str | None
    afresh: bool


class Objects:
    """All that one key pushes so. Paths are relative to the channel's address.

    `knows` tells whether an object with a header came; `is_coming` whether one is on its way: encoders send the next
    without waiting for an answer, and what is behind one in order waits for it.
    """

    def __init__(self, *, knows: Callable[[str], bool], is_coming: Callable[[str], bool]) -> None:
        self._knows = knows
        self._is_coming = is_coming
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._again: set[str] = set()
        self._given: OrderedDict[str, bytes] = OrderedDict()
        self._mpds: dict[str, tuple[Representation, ...]] = {}
        self._playlists: dict[str, tuple[_Listed, ...]] = {}
        self._ended: set[str] = set()

    def segment(self, path: str, body: bytes) -> None:
        """Take an object. Raises TooMuchHeld if nothing was named yet.

        Something else under the same name is what an encoder sends that was started again. The same is a repetition,
        which in MP4 its decode time tells best: of a silence all that is encoded looks alike.
        """
        before = self._given.get(path)
        is_same = before == _digest(body)
        if is_same and body[:1] == _TS:
            return
        self.drop(path)
        if before is not None and not is_same:
            self._again.add(path)
        while self._size + len(body) > HELD or len(self._held) >= MOST_HELD:
            if not self._given:
                raise TooMuchHeld
            self.drop(next(iter(self._held)))  # its playlist was lost on the way, and the next one names others
        self._held[path] = body
        self._size += len(body)

    def drop(self, path: str) -> None:
        """It was deleted by its encoder."""
        self._again.discard(path)
        body = self._held.pop(path, None)
        if body is not None:
            self._size -= len(body)

    def mpd(self, path: str, text: bytes) -> None:
        """Take a manifest. Raises ProtocolFault."""
        self._few(path)
        self._mpds[path] = representations(text)

    def playlist(self, path: str, text: bytes) -> None:
        """Take an HLS playlist; a multivariant one names no segments. Raises ProtocolFault."""
        try:
            body = lines.read(text.decode())
        except (PlaylistError, UnicodeDecodeError) as exc:
            raise ProtocolFault(f"The playlist cannot be read: {exc}") from exc
        listed: list[_Listed] = []
        init: str | None = None
        is_media = afresh = False
        for line in body:
            if isinstance(line, lines.Uri):
                if is_media:
                    listed.append(_Listed(path=_resolved(path, line.text), init=init, afresh=afresh))
                is_media = afresh = False
            elif line.name == "EXTINF":
                is_media = True
            elif line.name == "EXT-X-DISCONTINUITY":
                afresh = True
            elif line.name == "EXT-X-MAP":
                init = _resolved(path, _uri_of(line.value or ""))
        self._few(path)
        self._playlists[path] = tuple(listed)
        if any(isinstance(line, lines.Tag) and line.name == "EXT-X-ENDLIST" for line in body):
            self._ended.add(path)
        else:
            self._ended.discard(path)

    def _few(self, path: str) -> None:
        if len({path, *self._mpds, *self._playlists}) > _MANIFESTS:
            raise ProtocolFault("Too many playlists.")

    def named(self) -> Iterator[Named | Literal["end"]]:
        """What can be given out now, in order; "end" behind the last segment of a playlist that has ended.

        Others may come, or be dropped, while one is given out.
        """
        for playlist, listed in tuple(self._playlists.items()):
            for each in listed:
                if each.path in self._held:
                    yield self._give(each.path, track=each.init, playlist=playlist, afresh=each.afresh)
                elif self._is_coming(each.path):
                    break
            else:
                if playlist in self._ended:
                    self._ended.discard(playlist)
                    yield "end"
        for manifest, found in tuple(self._mpds.items()):
            for representation in found:
                yield from self._by_numbers(manifest, representation)

    def _by_numbers(self, manifest: str, representation: Representation) -> Iterator[Named]:
        folder = posixpath.dirname(manifest)
        init = posixpath.normpath(posixpath.join(folder, representation.init))
        if not self._knows(init):
            return
        ours = [
            (tuple(map(int, match.groups())), path)
            for path in self._held
            if (match := representation.media.fullmatch(posixpath.relpath(path, folder or ".")))
        ]
        for _, path in sorted(ours):
            if path not in self._held:
                continue
            yield self._give(path, track=init, playlist=manifest)

    def _give(self, path: str, *, track: str | None, playlist: str, afresh: bool = False) -> Named:
        afresh = afresh or path in self._again
        body = self._held[path]
        self.drop(path)
        self._given[path] = _digest(body)
        self._given.move_to_end(path)
        if len(self._given) > _GIVEN:
            self._given.popitem(last=False)
        return Named(track=track, playlist=playlist, body=body, afresh=afresh)


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=16).digest()


def _resolved(playlist: str, uri: str) -> str:
    """A URI of a playlist as a path: encoders that push name their segments relative to it."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(playlist), unquote(uri.partition("?")[0])))


def _uri_of(attributes: str) -> str:
    _, _, behind = attributes.partition('URI="')
    return behind.partition('"')[0]
