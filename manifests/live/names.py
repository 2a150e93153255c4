"""Names of what a live playlist lists, relative to it: unmistakable, and never used for other bytes.

{n}.m4s              segment n
{n}.{i}.m4s          part i of it
init-{digest}.mp4    init section, by its content
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

_MEDIA: Final = re.compile(r"(0|[1-9][0-9]{0,14})(?:\.(0|[1-9][0-9]{0,4}))?\.m4s")
_INIT: Final = re.compile(r"init-[A-Za-z0-9_-]{1,64}\.mp4")


SEGMENTS: Final = "{number}.m4s"
"""All segments at once, with a number, or a word that stands for it, in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartName:
    number: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentName:
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InitName:
    name: str


MediaName: TypeAlias = PartName | SegmentName | InitName


def segment(number: int) -> str:
    return SEGMENTS.format(number=number)


def part(number: int, index: int) -> str:
    return f"{number}.{index}.m4s"


def parse(name: str) -> MediaName | None:
    """What a name means; None: nothing that a live playlist lists."""
    if _INIT.fullmatch(name):
        return InitName(name=name)
    match = _MEDIA.fullmatch(name)
    if match is None:
        return None
    number = int(match[1])
    return SegmentName(number=number) if match[2] is None else PartName(number=number, index=int(match[2]))
