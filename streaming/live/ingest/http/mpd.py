"""Which representation an object belongs to that is pushed by a DASH encoder, by the names in its MPD. Pure.

Of the manifest nothing else is read (DASH-IF Live Media Ingest 1.1, §7; ISO/IEC 23009-1 §5.3.9.4.4).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from streaming.live.ingest.errors import ProtocolFault

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_REPRESENTATIONS: Final = 64
_NAME: Final = 512
_NUMBERS: Final = 2
"""Numbers and times in a segment's name at the most: $Number$ or $Time$, and $SubNumber$. More take long to match."""
_IDENTIFIER: Final = re.compile(r"\$(RepresentationID|Bandwidth|Number|Time|SubNumber)?(?:%0(\d{1,2})d)?\$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """`init` is the name of its header, `media` matches the names of its segments; both relative to the MPD."""

    id: str
    init: str
    media: re.Pattern[str]


def representations(text: bytes) -> tuple[Representation, ...]:
    """All of an MPD that names its segments by templates. Raises ProtocolFault."""
    try:
        root = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as exc:
        raise ProtocolFault(f"The MPD cannot be read: {exc}") from exc
    found: list[Representation] = []
    for holder in root.iter():
        if _local(holder) != "AdaptationSet":
            continue
        shared = _template(holder)
        for element in holder:
            if _local(element) == "Representation":
                template = {**shared, **_template(element)}
                names = {"RepresentationID": element.get("id", ""), "Bandwidth": element.get("bandwidth", "")}
                if "initialization" in template and "media" in template:
                    found.append(
                        Representation(
                            id=names["RepresentationID"],
                            init=_filled(template["initialization"], names),
                            media=re.compile(_pattern(template["media"], names)),
                        )
                    )
        if len(found) > _REPRESENTATIONS:
            raise ProtocolFault(f"An MPD of more than {_REPRESENTATIONS} representations.")
    return tuple(found)


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _template(element: Element) -> dict[str, str]:
    """The attributes of the SegmentTemplate that an element has itself."""
    for child in element:
        if _local(child) == "SegmentTemplate":
            kept = {name: child.get(name, "") for name in ("initialization", "media") if child.get(name)}
            if any(len(value) > _NAME for value in kept.values()):
                raise ProtocolFault("The MPD names segments by too long a template.")
            return kept
    return {}


def _filled(template: str, names: dict[str, str]) -> str:
    return _IDENTIFIER.sub(lambda found: "$" if found[1] is None else names.get(found[1], ""), template)


def _pattern(template: str, names: dict[str, str]) -> str:
    """A regular expression; numbers and times have digits. Raises ProtocolFault for more of them than one can need."""
    pieces, at, numbers = [], 0, 0
    for found in _IDENTIFIER.finditer(template):
        pieces.append(re.escape(template[at : found.start()]))
        name = found[1]
        if name is None or name in names:
            pieces.append(r"\$" if name is None else re.escape(names[name]))
        else:
            numbers += 1
            pieces.append(r"(\d{1,20})")
        at = found.end()
    if numbers > _NUMBERS:
        raise ProtocolFault(f"The MPD names segments by {numbers} numbers; at most {_NUMBERS} are read.")
    return "".join(pieces) + re.escape(template[at:])
