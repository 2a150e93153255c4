"""Cue settings: where a cue stands (WebVTT §4.4 and §6.3)."""

from __future__ import annotations

import re
from typing import Final

_PERCENTAGE: Final = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,20})?)%")
_LINE: Final = re.compile(r"-?[0-9]{1,4}")

_ALIGN: Final = ("start", "center", "end", "left", "right")
_LINE_ALIGN: Final = ("start", "center", "end")
_POSITION_ALIGN: Final = ("line-left", "center", "line-right")

# The order in which the settings are written.
_NAMES: Final = ("vertical", "line", "position", "size", "align")


def parse(text: str) -> str:
    """The settings that hold, each once (the last one wins), in a fixed order.

    §6.3 skips what it does not know. `region` is skipped too: regions are not kept (docs/captions.md).
    """
    found: dict[str, str] = {}
    for setting in text.split():
        name, colon, value = setting.partition(":")
        valid = _valid(name, value) if colon and value else None
        if valid is not None:
            found[name] = valid
    return " ".join(f"{name}:{found[name]}" for name in _NAMES if name in found)


def percentage(value: float) -> str:
    """0 to 100 as a percentage with at most two decimals."""
    return f"{round(min(max(value, 0), 100), 2):g}%"


def _valid(name: str, value: str) -> str | None:
    if name == "vertical":
        return value if value in ("rl", "lr") else None
    if name == "line":
        return _with_alignment(value, _LINE_ALIGN, whole_lines=True)
    if name == "position":
        return _with_alignment(value, _POSITION_ALIGN, whole_lines=False)
    if name == "size":
        return _percentage(value)
    if name == "align":
        return value if value in _ALIGN else None
    return None


def _with_alignment(value: str, alignments: tuple[str, ...], *, whole_lines: bool) -> str | None:
    place, comma, alignment = value.partition(",")
    if comma and alignment not in alignments:
        return None
    if whole_lines and _LINE.fullmatch(place):
        written: str | None = str(int(place))
    else:
        written = _percentage(place)
    return written if written is None or not comma else f"{written},{alignment}"


def _percentage(text: str) -> str | None:
    match = _PERCENTAGE.fullmatch(text)
    if match is None or float(match[1]) > 100:
        return None
    return percentage(float(match[1]))
