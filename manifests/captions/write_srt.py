"""Captions as SubRip, for editors and their tools: bold, italic and underline stay, all other markup goes."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manifests.captions.model import Cue

_TAG: Final = re.compile(r"</?([a-z]+)[^>]*>")
_KEPT: Final = frozenset({"b", "i", "u"})


def srt(cues: Iterable[Cue]) -> str:
    """One SubRip file: numbered cues, `hh:mm:ss,ttt`, lines that end with a line feed."""
    return "\n".join(
        f"{number}\n{_timestamp(cue.start)} --> {_timestamp(cue.end)}\n{_text(cue.text)}\n"
        for number, cue in enumerate(cues, 1)
    )


def _text(text: str) -> str:
    def kept(tag: re.Match[str]) -> str:
        return ("</" if tag[0].startswith("</") else "<") + f"{tag[1]}>" if tag[1] in _KEPT else ""

    return unescape(_TAG.sub(kept, text))


def _timestamp(ms: int) -> str:
    seconds, thousandths = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02},{thousandths:03}"
