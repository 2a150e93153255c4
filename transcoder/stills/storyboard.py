"""The storyboard's geometry, and its text for players: which part of which sheet shows which moment. Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcoder.plan import VideoPlan, VideoRung
    from transcoder.stills.model import Storyboard

_COLUMNS: Final = 10
_ROWS: Final = 10
_LONG_SIDE: Final = 240
_MOST_GOPS: Final = 150
_MOST_TILES: Final = 1000


def small_rung(video: VideoPlan) -> VideoRung:
    """The rung that tiles are drawn from: the smallest that is no smaller than a tile, or the largest."""
    rungs = sorted(video.rungs, key=lambda rung: rung.width * rung.height)
    width, height = tile_size(video)
    return next((rung for rung in rungs if rung.width >= width and rung.height >= height), rungs[-1])


def tile_size(video: VideoPlan) -> tuple[int, int]:
    """Even width and height, in the picture's shape."""
    longest = max(video.width, video.height)
    return even(video.width * _LONG_SIDE, longest), even(video.height * _LONG_SIDE, longest)


def even(length: int, over: int) -> int:
    """length / over as an even number, at least 2."""
    return max(2, 2 * round(Fraction(length, 2 * over)))


def every_gop(video: VideoPlan) -> bool:
    """Whether each GOP has a tile; otherwise segments have one, of their first picture."""
    return video.frames <= _MOST_GOPS * video.gop


def columns(video: VideoPlan) -> int:
    """Tiles in a row of every sheet."""
    return min(_COLUMNS, -(-video.frames // video.gop))


def sheets(video: VideoPlan) -> Iterator[range]:
    """The segments whose key pictures are on each sheet."""
    step = 1 if every_gop(video) else -(-video.segments // _MOST_TILES)
    tiles = _COLUMNS * _ROWS
    each = tiles // -(-video.segment // video.gop) if every_gop(video) else tiles
    for first in range(0, video.segments, each * step):
        yield range(first, min(first + each * step, video.segments), step)


def webvtt(video: VideoPlan, board: Storyboard, *, folder: str = "") -> str:
    """Cues whose text is the URI of a tile, SHEET#xywh=x,y,w,h (W3C Media Fragments §4.2.2), from its picture to the
    next one's. `folder` ("stills-1/") goes before the sheet's name."""
    places = [(sprite, place) for sprite in board.sprites for place in range(len(sprite.frames))]
    starts = [sprite.frames[place] for sprite, place in places]
    ends = [*starts[1:], video.frames]
    cues = ["WEBVTT\n"]
    for (sprite, place), start, end in zip(places, starts, ends, strict=True):
        x, y = place % board.columns * board.width, place // board.columns * board.height
        span = f"{_stamp(start / video.rate)} --> {_stamp(end / video.rate)}"
        cues.append(f"{span}\n{folder}{sprite.name}#xywh={x},{y},{board.width},{board.height}\n")
    return "\n".join(cues)


def _stamp(seconds: Fraction) -> str:
    """To the millisecond, rounded down: a cue never begins after its picture."""
    ms = int(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"
