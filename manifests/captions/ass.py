"""Sub Station Alpha and Advanced Sub Station Alpha: the words and their places; fonts and effects are left out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from manifests.captions import cue_text, override_tags
from manifests.captions.collector import Collector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manifests.captions.model import CaptionTrack

_TIME: Final = re.compile(r"(\d{1,6}):(\d{1,2}):(\d{1,2})[.:](\d{2})", re.ASCII)
_OVERRIDES: Final = re.compile(r"\{([^{}]*)\}")
_DRAWING: Final = re.compile(r"\\p[1-9]")

# The order of the columns if a file does not say it.
_COLUMNS: Final = (
    *("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect"),
    "text",
)


def parse(text: str) -> CaptionTrack:
    """The cues of an SSA or ASS file. Raises CaptionError if nothing of it can be shown."""
    collector = Collector()
    section = ""
    columns: Sequence[str] = _COLUMNS
    style_columns: Sequence[str] = ()
    places: dict[str, str] = {}
    for number, raw in enumerate(text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        line = raw.strip()
        if line.startswith("["):
            section = line.lower()
            continue
        name, colon, value = line.partition(":")
        if not colon:
            continue
        if section.endswith("styles]"):
            if name == "Format":
                style_columns = _names(value)
            elif name == "Style":
                style = _fields(value, style_columns)
                places[style.get("name", "")] = _style_place(style, old=section == "[v4 styles]")
        elif section == "[events]":
            if name == "Format":
                columns = _names(value)
            elif name == "Dialogue":
                _dialogue(_fields(value, columns), places, collector, number)
    return collector.track("ass")


def _names(value: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in value.split(","))


def _fields(value: str, columns: Sequence[str]) -> dict[str, str]:
    """The last column is the text, and may hold commas."""
    parts = value.split(",", len(columns) - 1) if columns else []
    return {name: part.strip() for name, part in zip(columns, parts, strict=False)}


def _style_place(style: Mapping[str, str], *, old: bool) -> str:
    number = style.get("alignment", "")
    return override_tags.read(f"{'a' if old else 'an'}{number}")[1] if number.isascii() and number.isdigit() else ""


def _dialogue(event: Mapping[str, str], places: Mapping[str, str], collector: Collector, line: int) -> None:
    start, end = _TIME.fullmatch(event.get("start", "")), _TIME.fullmatch(event.get("end", ""))
    if start is None or end is None or "text" not in event:
        collector.warn("no times or no text can be read, so this was left out.", line=line)
        return
    settings = ""
    pieces: list[str] = []
    for number, piece in enumerate(_OVERRIDES.split(event["text"])):
        if number % 2:
            if _DRAWING.search(piece):
                collector.warn("drawings are not kept.", line=line)
                return
            tags, placed = override_tags.read(piece)
            pieces.append(tags)
            settings = settings or placed
        else:
            words = piece.replace("\\N", "\n").replace("\\n", "\n").replace("\\h", "\u00a0")
            pieces.append(cue_text.escape(words))
    settings = settings or places.get(event.get("style", "").lstrip("*"), "")
    collector.add(_milliseconds(start), _milliseconds(end), "".join(pieces), settings=settings, line=line)


def _milliseconds(match: re.Match[str]) -> int:
    hours, minutes, seconds, hundredths = (int(part) for part in match.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + hundredths * 10
