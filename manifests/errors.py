"""Errors of the manifests room.

ManifestError
├── PlaylistError      a playlist breaks a rule of its format, parsed (with the line) or about to be rendered
├── MpdError           an MPD that is about to be rendered breaks a rule of its format
├── LiveError          what shall happen to a live playlist would break a promise that it has made
└── CaptionError       a caption file cannot be used, with a code for programs and a sentence for the editor
"""

from __future__ import annotations


class ManifestError(Exception):
    """A manifest breaks a rule of its format."""


class PlaylistError(ManifestError):
    """A playlist breaks a rule of RFC 8216bis. `line` counts from 1; None where a value, not a text, is at fault."""

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.line = line


class MpdError(ManifestError):
    """An MPD breaks a rule of ISO/IEC 23009-1."""


class LiveError(ManifestError):
    """What shall happen to a live playlist would break a promise that it has made to its players."""


class CaptionError(ManifestError):
    """A caption file cannot be used. `message` is a sentence for the editor who sent it, `line` counts from 1."""

    def __init__(self, code: str, message: str, *, line: int | None = None) -> None:
        super().__init__(message if line is None else f"Line {line}: {message}")
        self.code = code
        self.message = message
        self.line = line
