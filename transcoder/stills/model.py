"""Stills as a fact beside the plan: what was drawn, from which pictures."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprite:
    """A sheet of tiles, row by row: the grid frame that each tile shows."""

    name: str
    frames: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Storyboard:
    """Tiles of `width`×`height` pixels, at most `columns` in a row."""

    width: int
    height: int
    columns: int
    sprites: tuple[Sprite, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A picture that may become the poster: its object's name, its grid frame, and how good it is (see choose.py)."""

    name: str
    frame: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stills:
    """`candidates` best first, of `width`×`height` pixels. `note` says why there is nothing."""

    storyboard: Storyboard | None
    candidates: tuple[Candidate, ...]
    width: int
    height: int
    note: str = ""


def dump(stills: Stills) -> bytes:
    return msgspec.json.encode(stills)


def load(body: bytes) -> Stills:
    """Raises msgspec.DecodeError on anything else than what `dump` wrote."""
    return msgspec.json.decode(body, type=Stills)
