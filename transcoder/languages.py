"""Languages of a source's tracks: BCP 47 tags out of the ISO 639-2 codes that containers carry, and their names."""

from __future__ import annotations

import re
from typing import Final

# ISO 639-2 (terminology and, after a slash, bibliographic code), ISO 639-1, the language's name for itself.
_TABLE: Final = """
ara ar العربية|aze az Azərbaycan|bel be Беларуская|ben bn বাংলা|bos bs Bosanski|bul bg Български|cat ca Català
ces/cze cs Čeština|cym/wel cy Cymraeg|dan da Dansk|deu/ger de Deutsch|ell/gre el Ελληνικά|eng en English|est et Eesti
eus/baq eu Euskara|fas/per fa فارسی|fin fi Suomi|fra/fre fr Français|gle ga Gaeilge|glg gl Galego|heb he עברית
hin hi हिन्दी|hrv hr Hrvatski|hun hu Magyar|hye/arm hy Հայերեն|ind id Indonesia|isl/ice is Íslenska|ita it Italiano
jpn ja 日本語|kat/geo ka ქართული|kaz kk Қазақ|khm km ខ្មែរ|kor ko 한국어|lao lo ລາວ|lav lv Latviešu|lit lt Lietuvių
mkd/mac mk Македонски|mlt mt Malti|mon mn Монгол|msa/may ms Melayu|mya/bur my မြန်မာ|nep ne नेपाली|nld/dut nl Nederlands
nob nb Norsk bokmål|nor no Norsk|nno nn Norsk nynorsk|pan pa ਪੰਜਾਬੀ|pol pl Polski|por pt Português|ron/rum ro Română
rus ru Русский|slk/slo sk Slovenčina|slv sl Slovenščina|spa es Español|sqi/alb sq Shqip|srp sr Српски|swa sw Kiswahili
swe sv Svenska|tam ta தமிழ்|tel te తెలుగు|tgl tl Tagalog|tha th ไทย|tur tr Türkçe|ukr uk Українська|urd ur اردو
uzb uz Oʻzbek|vie vi Tiếng Việt|zho/chi zh 中文
"""
_TAGS: Final[dict[str, str]] = {}
_NAMES: Final[dict[str, str]] = {}
for _row in _TABLE.replace("\n", "|").strip("|").split("|"):
    _codes, _short, _name = _row.split(" ", 2)
    _TAGS.update(dict.fromkeys((*_codes.split("/"), _short), _short))
    _NAMES[_short] = _name

_TAG: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


def tag(code: str) -> str:
    """The BCP 47 tag (shortest code, RFC 5646 §2.2.1) of what a container says; "und" for what is no language."""
    primary, dash, rest = code.strip().replace("_", "-").partition("-")
    found = _TAGS.get(primary.lower(), primary.lower()) + dash + rest
    return found if _TAG.fullmatch(found) else "und"


def name(language: str) -> str | None:
    """A language's name for itself, None if this table lacks it."""
    return _NAMES.get(language.partition("-")[0])
