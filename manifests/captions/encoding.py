"""Bytes as text. Unicode is certain; an older encoding is told only where one guess stands out."""

from __future__ import annotations

import codecs
import re
from typing import Final

from charset_normalizer import from_bytes

from manifests.errors import CaptionError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Python decodes these too, some of them in quadratic time, but no caption file is written so.
_NO_TEXTS: Final = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"})
_SAMPLE: Final = 32 * 1024

# A byte or two for a character: if one of these fits, the text may be in any of the languages of East Asia.
_WIDE: Final = re.compile(r"gb|big5|cp9|euc|shift|iso2022|johab|hz|utf", re.IGNORECASE)
# Where all that fit are of one byte, Windows-1252 it is: what browsers assume too.
_USUAL: Final = "cp1252"
_NAMES: Final = {"cp1252": "Windows-1252", "gb18030": "GB 18030 (GBK)", "cp932": "Shift JIS", "cp949": "EUC-KR"}


def decode(body: bytes, encoding: str | None = None) -> tuple[str, str]:
    """The text without a byte order mark, and a warning if its encoding was guessed (else empty).

    Raises CaptionError.
    """
    if encoding is not None:
        return _strict(body, encoding), ""
    for mark, name in _MARKS:
        if body.startswith(mark):
            return _strict(body, name), ""
    try:
        return body.decode("utf-8"), ""
    except UnicodeDecodeError:
        guess = _guess(body)
    text = _strict(body, guess)
    return text, f"The file is not Unicode; it was read as {_NAMES.get(guess, guess)}. Check the letters with accents."


def _strict(body: bytes, encoding: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._ -]{1,40}", encoding) or not _is_text(encoding):
        raise CaptionError("unknown-encoding", f"There is no text encoding {encoding[:40]!r}.")
    try:
        return body.decode(encoding).removeprefix("\ufeff")
    except UnicodeError as exc:
        raise CaptionError("wrong-encoding", f"The file is not in {encoding}, as it says or was said.") from exc


def _guess(body: bytes) -> str:
    """The encoding that stands out. Raises CaptionError if several are as likely."""
    # Times and numbers look the same in all of them, and would drown a short text.
    lines = [line for line in body.splitlines() if not line.isascii()]
    matches = list(from_bytes(b"\n".join(lines)[:_SAMPLE]))
    if matches:
        best = matches[0]
        rivals = [one for one in matches if (one.chaos, -one.coherence) <= (best.chaos, -best.coherence)]
        if len({str(one) for one in rivals}) == 1:
            return best.encoding
        names = {one.encoding for one in rivals}
        if _USUAL in names and not any(_WIDE.match(name) for name in names):
            return _USUAL
    raise CaptionError(
        "unknown-encoding",
        "The file is not Unicode and its encoding cannot be told from so few letters. Save it as UTF-8.",
    )


def _is_text(encoding: str) -> bool:
    try:
        known = codecs.lookup(encoding)
    except LookupError:
        return False
    return known._is_text_encoding and known.name.replace("_", "-") not in _NO_TEXTS
