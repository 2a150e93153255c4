"""What editors write about an asset, checked: limits, language tags, clean text. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Any, Final

from streaming.catalog.languages import canonical
from streaming.http.body import InvalidField

LANGUAGES: Final = 64
TITLE: Final = 300
DESCRIPTION: Final = 5000
TAGS: Final = 64
TAG: Final = 64
NAME: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The editable part of an asset, checked by `checked`. There is a title in `default_language`."""

    titles: dict[str, str]
    default_language: str
    descriptions: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    sport: str | None = None
    discipline: str | None = None


def _text(text: str, pointer: str, *, longest: int, lines: bool = False) -> str:
    """Trimmed, composed (NFC) and free of control characters (PostgreSQL has no NUL, and no page shows the others)."""
    clean = unicodedata.normalize("NFC", text).strip()
    allowed = "\n\t" if lines else ""
    if lines:
        clean = clean.replace("\r\n", "\n")
    if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in allowed for char in clean):
        raise InvalidField("Control characters are not allowed.", pointer=pointer)
    if not clean:
        raise InvalidField("This must not be empty.", pointer=pointer)
    if len(clean) > longest:
        raise InvalidField(f"At most {longest} characters, not {len(clean)}.", pointer=pointer)
    return clean


def _language(tag: str, pointer: str) -> str:
    found = canonical(tag)
    if found is None:
        raise InvalidField(f"{tag[:40]!r} is not a language tag like en, pt-BR or zh-Hant (BCP 47).", pointer=pointer)
    return found


def _texts(texts: dict[str, str], pointer: str, *, longest: int, lines: bool = False) -> dict[str, str]:
    if len(texts) > LANGUAGES:
        raise InvalidField(f"At most {LANGUAGES} languages, not {len(texts)}.", pointer=pointer)
    found: dict[str, str] = {}
    for tag, text in texts.items():
        language = _language(tag, pointer)
        if language in found:
            raise InvalidField(f"The language {language} is given twice.", pointer=pointer)
        found[language] = _text(text, f"{pointer}/{language}", longest=longest, lines=lines)
    return found


def stored_tag(tag: str) -> str:
    """A tag as it is kept and looked for. It may be longer than it was: some letters are two in lower case."""
    return unicodedata.normalize("NFC", tag.lower()).strip()


def _tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Each once, in lower case, in the order given."""
    found = dict.fromkeys(_text(stored_tag(tag), f"/tags/{n}", longest=TAG) for n, tag in enumerate(tags))
    if len(found) > TAGS:
        raise InvalidField(f"At most {TAGS} tags, not {len(found)}.", pointer="/tags")
    return tuple(found)


def checked(content: Content) -> Content:
    """The content in its stored form. Raises InvalidField."""
    default = _language(content.default_language, "/default_language")
    titles = _texts(content.titles, "/titles", longest=TITLE)
    if not titles:
        raise InvalidField("At least one title is needed.", pointer="/titles")
    if default not in titles:
        raise InvalidField(f"There is no title in {default}, the default language.", pointer="/default_language")
    return Content(
        titles=titles,
        default_language=default,
        descriptions=_texts(content.descriptions, "/descriptions", longest=DESCRIPTION, lines=True),
        tags=_tags(content.tags),
        sport=None if content.sport is None else _text(content.sport, "/sport", longest=NAME),
        discipline=None if content.discipline is None else _text(content.discipline, "/discipline", longest=NAME),
    )


def merged_titles(titles: dict[str, str], title: str | None, language: str) -> dict[str, str]:
    """Titles by language, with the one that is given without its language. Raises InvalidField if that has one."""
    if title is None:
        return dict(titles)
    if language in titles:
        raise InvalidField(f"There is a title in {language} in /titles already.", pointer="/title")
    return titles | {language: title}


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7396 §2: null removes a member, an object is merged, anything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def folded(text: str) -> str:
    """Text as it is searched: compatibility forms, accents and case make no difference."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))
