"""The eight colours that WebVTT shows without a style sheet (WebVTT §5)."""

from __future__ import annotations

import re
from typing import Final

_COLOURS: Final = {
    "ffffff": "white",
    "00ff00": "lime",
    "00ffff": "cyan",
    "ff0000": "red",
    "ffff00": "yellow",
    "ff00ff": "magenta",
    "0000ff": "blue",
    "000000": "black",
}
_SYNONYMS: Final = {"aqua": "cyan", "fuchsia": "magenta"}
_HEX: Final = re.compile(r"#?([0-9a-f]{6})(?:[0-9a-f]{2})?")


def colour_class(colour: str) -> str:
    """The class for a name, `#rrggbb` or `#rrggbbaa`; empty for any other colour."""
    lower = colour.strip().lower()
    if lower in _COLOURS.values():
        return lower
    match = _HEX.fullmatch(lower)
    return _SYNONYMS.get(lower, _COLOURS.get(match[1], "") if match else "")
