"""SubRip, read as leniently as players do; nobody ever specified it.

Numbers may be missing, hours and thousandths too, a dot may stand for the comma. A timing that can be read in two ways
(two or four digits behind the comma) is left out with a warning rather than guessed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from manifests.captions import override_tags
from manifests.captions.collector import Collector
from manifests.captions.colours import colour_class

if TYPE_CHECKING:
    from manifests.captions.model import CaptionTrack

_TIME: Final = r"(?:(\d{1,9})\s*:\s*)?(\d{1,3})\s*:\s*(\d{1,3})(?:\s*[,.]\s*(\d{3}))?(?![\d,.:])"
_TIMING: Final = re.compile(rf"\s*{_TIME}\s*--?>\s*{_TIME}.*", re.ASCII)
_NUMBER: Final = re.compile(r"\s*\d+\s*", re.ASCII)

# HTML-like tags as SubRip knew them; anything else between < and > is left to cue_text.
_TOKEN: Final = re.compile(r"</?(font|[a-z]+)([^<>]*)>|\{\\([^{}]*)\}|([<>])", re.IGNORECASE)
_COLOUR: Final = re.compile(r"""\bcolor\s*=\s*["']?(#?[a-z0-9]+)""", re.IGNORECASE)


def parse(text: str) -> CaptionTrack:
    """The cues of a SubRip file. Raises CaptionError if nothing of it can be shown."""
    collector = Collector()
    if "\0" in text:
        collector.warn("zero bytes were left out.")
    lines = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    timings = [number for number, line in enumerate(lines) if "->" in line]
    for here, following in zip(timings, [*timings, len(lines)][1:], strict=True):
        match = _TIMING.fullmatch(lines[here])
        if match is None:
            collector.warn(f"no timing can be read in {lines[here][:60]!r}, so it was left out.", line=here + 1)
            continue
        words = lines[here + 1 : following]
        if following < len(lines) and words and _NUMBER.fullmatch(words[-1]):
            words.pop()
        settings, marked = _marked("\n".join(words))
        start, end = _milliseconds(match, 1), _milliseconds(match, 5)
        collector.add(start, end, marked, settings=settings, line=here + 1)
    return collector.track("srt")


def _milliseconds(match: re.Match[str], first: int) -> int:
    hours, minutes, seconds, thousandths = (int(match[first + n] or 0) for n in range(4))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths


def _marked(text: str) -> tuple[str, str]:
    """Settings, and cue text with WebVTT's tags for SubRip's."""
    settings = ""
    coloured: list[bool] = []

    def replace(token: re.Match[str]) -> str:
        nonlocal settings
        name, attributes, override, stray = token.groups()
        if stray:
            return "&lt;" if stray == "<" else "&gt;"
        if override is not None:
            tags, placed = override_tags.read(override)
            settings = settings or placed
            return tags
        if name.lower() != "font":
            return token[0]
        if token[0].startswith("</"):
            return "</c>" if coloured and coloured.pop() else ""
        found = _COLOUR.search(attributes)
        colour = colour_class(found[1]) if found else ""
        coloured.append(bool(colour))
        return f"<c.{colour}>" if colour else ""

    marked = _TOKEN.sub(replace, text)
    return settings, marked
