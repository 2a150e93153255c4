r"""Override tags of Sub Station Alpha, `{\an8}` or `{\i1}`; SubRip files borrow them."""

from __future__ import annotations

import re
from typing import Final

_OVERRIDE: Final = re.compile(r"\\?\s*(an|a|[ibu])\s*(\d*)\s*")

# `\an` counts like a numeric keypad; `\a` is older: 1-3 below, 5-7 above, 9-11 in the middle.
_OLD_PLACES: Final = {1: 1, 2: 2, 3: 3, 5: 7, 6: 8, 7: 9, 9: 4, 10: 5, 11: 6}
_LINES: Final = ("", "line:50%,center", "line:0")
_ALIGNMENTS: Final = ("align:left", "", "align:right")


def read(override: str) -> tuple[str, str]:
    """Tags of cue text and cue settings for what stands between `{\\` and `}`; both may be empty."""
    tags: list[str] = []
    settings = ""
    for one in override.split("\\"):
        match = _OVERRIDE.fullmatch(one)
        if match is None:
            continue
        name, number = match[1], int(match[2][:3] or 0)
        if name in ("a", "an"):
            settings = settings or place(number if name == "an" else _OLD_PLACES.get(number, 0))
        else:
            # A bold of 400 or more is a weight; 0 ends what 1 begins.
            tags.append(f"<{name}>" if number else f"</{name}>")
    return "".join(tags), settings


def place(keypad: int) -> str:
    """Cue settings for a place from 1 (bottom left) to 9 (top right); nothing for 2, where cues stand anyway."""
    if not 1 <= keypad <= 9:
        return ""
    return f"{_LINES[(keypad - 1) // 3]} {_ALIGNMENTS[(keypad - 1) % 3]}".strip()
