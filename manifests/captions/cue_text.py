"""Cue text: any input becomes text with a few known tags, all escaped, nested and closed (WebVTT §4.2.2 and §6.4).

A player may hand the text to a browser as HTML, so nothing that is not on the list below gets through.
Timestamps inside a cue are dropped as well: they stand on the author's clock, and a cue may be moved.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

MAX_RAW: Final = 80_000
MAX_DEPTH: Final = 16
MAX_ANNOTATION: Final = 100
MAX_CLASSES: Final = 8

_PLAIN_TAGS: Final = frozenset({"b", "i", "u", "ruby", "rt"})
_TAGS: Final = _PLAIN_TAGS | {"c", "v", "lang"}
# What stands between these tags was never meant to be read.
_SILENT: Final = frozenset({"script", "style"})

_TOKEN: Final = re.compile(r"<([^<>]*)>|([^<]+)|(<)")
_TAG: Final = re.compile(r"(/?)([A-Za-z]+)((?:\.[^.\s]*)*)(?:\s+(.*))?", re.DOTALL)
_CLASS: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
# Whatever cannot be seen or breaks a line for some reader only, but not the marks that Arabic, Hebrew or emoji need.
_INVISIBLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_BLANKS: Final = " \t"
# No character has a number so long, and reading it would take quadratic time.
_LONG_REFERENCE: Final = re.compile(r"&#[xX]?[0-9a-fA-F]{9,};?")


def clean(text: str) -> str:
    """Safe cue text for any text; `clean(clean(x)) == clean(x)`. Lines are trimmed, empty ones left out.

    A text of more than MAX_RAW characters is escaped as it stands: no cue takes it, and to read megabytes of markup
    costs a hundred times their memory.
    """
    if len(text) > MAX_RAW:
        return escape(text)
    text = _visible(text)
    marked = _Builder(text).result() if "<" in text or "&" in text or ">" in text else text
    return "\n".join(line for raw in marked.split("\n") if (line := raw.strip(_BLANKS)))


def escape(text: str) -> str:
    """Plain text as cue text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(text: str) -> str:
    """What a viewer reads of clean cue text, without markup."""
    return unescape(re.sub(r"<[^>]*>", "", text))


def _unescape(text: str) -> str:
    return unescape(_LONG_REFERENCE.sub("", text))


def _visible(text: str) -> str:
    """The text with one kind of line end and of blank; a character reference may have stood for any other."""
    return _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))


class _Builder:
    """Reads tokens and writes clean text. `pieces` holds what is written, `open` the tags that wait for their end."""

    def __init__(self, text: str) -> None:
        self._pieces: list[str] = []
        self._open: list[str] = []
        self._silent: str | None = None
        for token in _TOKEN.finditer(text):
            markup, words, stray = token.groups()
            if markup is not None:
                self._tag(markup)
            elif self._silent is None and (kept := _visible(_unescape(words if words is not None else stray))):
                self._pieces.append(escape(kept))

    def result(self) -> str:
        while self._open:
            self._close()
        return "".join(self._pieces)

    def _tag(self, markup: str) -> None:
        match = _TAG.fullmatch(markup)
        if match is None:
            return
        end, name, classes, annotation = match[1], match[2].lower(), match[3], match[4] or ""
        if name in _SILENT:
            self._silent = None if end else name
        elif self._silent is None and name in _TAGS:
            if end:
                self._end(name)
            elif len(self._open) < MAX_DEPTH:
                self._start(name, classes, annotation)

    def _start(self, name: str, classes: str, annotation: str) -> None:
        """§6.4: a start tag; `rt` counts only inside `ruby`."""
        if name == "rt" and (not self._open or self._open[-1] != "ruby"):
            return
        known = [one for one in classes.split(".") if _CLASS.fullmatch(one)][:MAX_CLASSES]
        words = " ".join(_visible(_unescape(annotation)).split())[:MAX_ANNOTATION].strip()
        if (name == "c" and not known) or (name == "v" and not words):
            return
        if name == "lang" and not _LANGUAGE.fullmatch(words):
            return
        suffix = f" {escape(words)}" if name in ("v", "lang") else ""
        self._open.append(name)
        self._pieces.append(f"<{'.'.join((name, *known))}{suffix}>")

    def _end(self, name: str) -> None:
        """§6.4: an end tag counts only for the innermost tag, but `</ruby>` ends an open `rt` too."""
        if name == "ruby" and self._open[-2:] == ["ruby", "rt"]:
            self._close()
        if self._open and self._open[-1] == name:
            self._close()

    def _close(self) -> None:
        name = self._open.pop()
        if self._pieces[-1].startswith("<") and not self._pieces[-1].startswith("</"):
            self._pieces.pop()
        else:
            self._pieces.append(f"</{name}>")
