"""Which sound tracks a source has for a viewer: what each is, what it is called, which one he hears. Pure.

Dispositions and titles tell a description for the blind, a commentary, a dub and the original apart. Recorders write
one mono track a channel: two of them, one after the other, are left and right where the file says so, or where all the
sound it has is mono tracks without a name (EBU R 123 lays stereo pairs out like that).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from transcoder import languages
from transcoder.index import AudioStream
from transcoder.plan import SoundKind

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_STREAMS: Final = 16
MAX_TRACKS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundTrack:
    """A track for viewers: one stream of the source, or the two that are its left and its `right` side.

    `automatic`: a player may choose it by its language alone. One track of all is the `default`.
    """

    stream: AudioStream
    right: AudioStream | None
    kind: SoundKind
    language: str
    name: str
    default: bool
    automatic: bool

    @property
    def channels(self) -> int:
        """Of the source."""
        return self.stream.channels if self.right is None else 2

    @property
    def end(self) -> int:
        """When the last of its streams ends, in the time base of both."""
        return self.stream.end if self.right is None else max(self.stream.end, self.right.end)


_NAME_LENGTH: Final = 40
_PAIRED: Final = frozenset({"mov", "mxf"})
"""Demuxers of the containers that recorders write."""
_SIDES: Final = ("FL", "FR")
_ALIKE: Final = attrgetter(
    "codec", "language", "time_base", "sample_rate", "decoded_rate", "start", "entries"
)  # fmt: skip
_DESCRIPTION: Final = re.compile(
    r"audio[ -]?descri|descriptive|described video|description audio|\bDVS\b|\bA\.?D\.?\b"
    r"|audiodeskription|hörfilm|syntolkning|audiobeschrijving|audiodescri",
    re.IGNORECASE,
)
_COMMENTARY: Final = re.compile(r"comment(ary|aire)|comentario|kommentar|commento", re.IGNORECASE)
_SUFFIX: Final = {SoundKind.COMMENTARY: "commentary", SoundKind.DESCRIPTION: "audio description"}


def sound_tracks(
    streams: Sequence[AudioStream], *, demuxer: str, pairs: Sequence[tuple[int, int | None]] | None = None
) -> tuple[SoundTrack, ...]:
    """The tracks of a source in its order, as many as are offered. `pairs`: which streams (by index) belong together,
    where that was settled before."""
    sides = _sides(streams[:MAX_STREAMS], demuxer)[:MAX_TRACKS] if pairs is None else _settled(streams, pairs)
    if not sides:
        return ()
    kinds = [kind_of(left) for left, _ in sides]
    heard = [place for place, kind in enumerate(kinds) if kind in (SoundKind.MAIN, SoundKind.DUB)]
    order = sorted(heard or range(len(sides)), key=lambda place: (not sides[place][0].default, place))
    automatic = _automatic([left for left, _ in sides], kinds, order)
    names = _names([left for left, _ in sides], kinds)
    return tuple(
        SoundTrack(
            stream=left, right=right, kind=kinds[place], language=languages.tag(left.language), name=names[place],
            default=place == order[0], automatic=place in automatic,
        )
        for place, (left, right) in enumerate(sides)
    )  # fmt: skip


def kind_of(stream: AudioStream) -> SoundKind:
    """By its dispositions, else by its title."""
    marks = stream.dispositions
    if "visual_impaired" in marks or "descriptions" in marks or _DESCRIPTION.search(stream.title):
        return SoundKind.DESCRIPTION
    if "comment" in marks or _COMMENTARY.search(stream.title):
        return SoundKind.COMMENTARY
    return SoundKind.DUB if "dub" in marks else SoundKind.MAIN


def _automatic(streams: Sequence[AudioStream], kinds: Sequence[SoundKind], heard: Sequence[int]) -> frozenset[int]:
    """One track of each language, the default among them; and one description of each language: that says what it is
    (CHARACTERISTICS), so that only who asked his device for descriptions gets it. A commentary is never chosen alone.
    """
    described = [place for place, kind in enumerate(kinds) if kind is SoundKind.DESCRIPTION]
    first: dict[tuple[str, bool], int] = {}
    for place in (*heard, *described):
        first.setdefault((languages.tag(streams[place].language), kinds[place] is SoundKind.DESCRIPTION), place)
    return frozenset(first.values())


def _sides(streams: Sequence[AudioStream], demuxer: str) -> list[tuple[AudioStream, AudioStream | None]]:
    """Every stream, or two that are left and right of one track."""
    bare = len(streams) > 1 and all(stream.channels == 1 and not stream.title for stream in streams)
    found: list[tuple[AudioStream, AudioStream | None]] = []
    rest = list(streams)
    while rest:
        left = rest.pop(0)
        right = rest[0] if rest and demuxer in _PAIRED and _belong_together(left, rest[0], bare=bare) else None
        found.append((left, right))
        del rest[: right is not None]
    return found


def _belong_together(left: AudioStream, right: AudioStream, *, bare: bool) -> bool:
    """Whether two streams are the sides of one track: said to be, or nameless, and alike to the sample."""
    said = (left.layout, right.layout)
    if left.channels != 1 or right.channels != 1 or (said != _SIDES and (not bare or any(map(_is_placed, said)))):
        return False
    return kind_of(left) is kind_of(right) and _ALIKE(left) == _ALIKE(right)


def _is_placed(layout: str) -> bool:
    """Whether a mono stream says which of a room's channels it is."""
    return layout not in ("", "mono", "FC")


def _settled(
    streams: Sequence[AudioStream], pairs: Sequence[tuple[int, int | None]]
) -> list[tuple[AudioStream, AudioStream | None]]:
    by_index = {stream.index: stream for stream in streams}
    return [(by_index[left], None if right is None else by_index[right]) for left, right in pairs]


def _names(streams: Sequence[AudioStream], kinds: Sequence[SoundKind]) -> list[str]:
    """A name for each track, none twice: its title, else its language's own name and what it is, else its number."""
    found: list[str] = []
    for place, (stream, kind) in enumerate(zip(streams, kinds, strict=True), 1):
        title = "".join(sign for sign in stream.title if sign.isprintable()).replace('"', "'").strip()[:_NAME_LENGTH]
        name = title or languages.name(languages.tag(stream.language)) or f"Audio {place}"
        if not title and kind in _SUFFIX:
            name = f"{name} ({_SUFFIX[kind]})"
        found.append(name if name not in found else f"{name} ({place})")
    return found
