"""Captions of a part of what they were written for. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manifests.captions.model import Cue


def cut(cues: Iterable[Cue], *, begin: int, length: int) -> tuple[Cue, ...]:
    """What shows in [begin, begin + length) of the whole, at the times of the part; ms. A cue across an end is cut."""
    return tuple(
        replace(cue, start=max(0, cue.start - begin), end=min(length, cue.end - begin))
        for cue in cues
        if cue.start < begin + length and cue.end > begin
    )
