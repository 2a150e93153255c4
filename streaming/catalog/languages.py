"""Language tags (BCP 47) and the choice of one for a reader (RFC 4647 §3.4, lookup). Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from streaming.http.compression import qvalues

if TYPE_CHECKING:
    from collections.abc import Collection

_TAG: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_LONGEST: Final = 35


def canonical(tag: str) -> str | None:
    """The tag in its usual case (`pt-BR`, `zh-Hant`); None if it is no language tag (RFC 5646 §2.1.1)."""
    if len(tag) > _LONGEST or _TAG.fullmatch(tag) is None:
        return None
    first, *rest = tag.split("-")
    subtags = [first.lower()]
    for subtag in rest:
        if len(subtag) == 2 and len(subtags[-1]) > 1:
            subtags.append(subtag.upper())
        elif len(subtag) == 4 and subtag.isalpha() and len(subtags[-1]) > 1:
            subtags.append(subtag.title())
        else:
            subtags.append(subtag.lower())
    return "-".join(subtags)


def _lookup(wanted: str, available: Collection[str]) -> str | None:
    """The longest available tag that the wanted one begins with, else one that begins with the wanted one."""
    by_lower = {tag.lower(): tag for tag in available}
    prefix = wanted.lower()
    while prefix:
        if prefix in by_lower:
            return by_lower[prefix]
        prefix, _, _ = prefix.rpartition("-")
    longer = sorted(tag for tag in by_lower if tag.startswith(f"{wanted.lower()}-"))
    return by_lower[longer[0]] if longer else None


def choose(available: Collection[str], *, lang: str | None, accept: str | None, default: str) -> str:
    """The language to show: `lang` if it is there, else the best of Accept-Language, else the default."""
    wishes = [lang] if lang else []
    weights = qvalues(accept or "")
    wishes += sorted((tag for tag, weight in weights.items() if weight > 0 and tag != "*"), key=lambda t: -weights[t])
    for wish in wishes:
        found = _lookup(wish, available)
        if found is not None:
            return found
    return default
