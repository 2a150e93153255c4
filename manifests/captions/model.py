"""Captions as values. Every Cue is safe to serve: what its text, settings and identifier may hold is checked here.

Times are milliseconds from the asset's first picture. The text is WebVTT cue text as `cue_text.clean` writes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from manifests.captions import cue_settings, cue_text
from manifests.errors import CaptionError

Format: TypeAlias = Literal["webvtt", "srt", "ttml", "scc", "stl", "ass"]

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_CUES: Final = 50_000
MAX_TEXT: Final = 10_000
"""Characters of one cue, markup included: a screen holds some hundred."""

MAX_TIME: Final = 1_000 * 3_600_000
MAX_IDENTIFIER: Final = 200
MAX_WARNINGS: Final = 50

# §4.1: a block that begins so is no cue for a reader that looks at its first line only.
_KEYWORDS: Final = ("NOTE", "STYLE", "REGION", "WEBVTT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A text on the screen from `start` until `end`. Raises CaptionError for what a viewer must never get.

    start, end   ms, 0 <= start < end
    text         cue text: escaped, only <b> <i> <u> <c> <v> <lang> <ruby> <rt>, closed and nested, no empty line
    settings     cue settings in the order of `cue_settings.parse`; empty: bottom centre
    identifier   one line without an arrow; may be empty
    """

    start: int
    end: int
    text: str
    settings: str = ""
    identifier: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= MAX_TIME:
            raise CaptionError("cue-times", f"A caption cannot last from {self.start} to {self.end} ms.")
        if len(self.text) > MAX_TEXT:
            raise CaptionError("cue-too-long", f"A caption is longer than {MAX_TEXT} characters.")
        if self.text != cue_text.clean(self.text) or not cue_text.plain(self.text).strip():
            raise CaptionError("cue-text", "The text of a caption is empty or not clean.")
        if self.settings != cue_settings.parse(self.settings):
            raise CaptionError("cue-settings", f"{self.settings!r} are no settings of a caption.")
        if self.identifier != identifier(self.identifier):
            raise CaptionError("cue-identifier", "The identifier of a caption must be one short line without an arrow.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionTrack:
    """What a caption file holds: at least one cue, in order of their beginnings.

    warnings   sentences for the editor about what was mended or left out, at most MAX_WARNINGS
    """

    cues: tuple[Cue, ...]
    format: Format
    warnings: tuple[str, ...] = ()


def identifier(text: str) -> str:
    """The text if it can identify a cue, else nothing: an identifier is a help, never a reason to lose a cue."""
    usable = text.isprintable() and "-->" not in text and len(text) <= MAX_IDENTIFIER
    return text if usable and text == text.strip() and not text.startswith(_KEYWORDS) else ""
