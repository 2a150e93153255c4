"""Styles of TTML (TTML2 §8 to §10), as far as WebVTT shows them: italics, bold, underline, eight colours, a place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from manifests.captions import cue_settings
from manifests.captions.colours import colour_class
from manifests.captions.xml_tree import local

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

# `style` of the older drafts, `styling` of the standard.
_NAMESPACE: Final = re.compile(r"\{[^}]*#styl(?:e|ing)(?:-[^}]*)?\}")
_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"
_PAIR: Final = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?)%\s+([0-9]{1,3}(?:\.[0-9]{1,9})?)%")

_MAX_CHAIN: Final = 32
"""Styles that refer to styles; deeper ones are left out."""

# §10.2: of what we read, these pass from an element to its children.
_INHERITED: Final = frozenset(
    {"color", "fontStyle", "fontWeight", "textDecoration", "textAlign", "displayAlign", "visibility"}
)
_ALIGNMENTS: Final = {"left": "left", "start": "start", "center": "center", "right": "right", "end": "end"}


class Styles:
    """The styles and regions of a document's head."""

    def __init__(self, root: Element) -> None:
        self._styles: dict[str, Element] = {}
        self._chained = 0
        self._known: dict[str, dict[str, str]] = {}
        self._regions: dict[str, dict[str, str]] = {}
        regions: list[Element] = []
        for element in root.iter():
            if local(element.tag) == "style" and _ID in element.attrib:
                self._styles.setdefault(element.attrib[_ID], element)
            elif local(element.tag) == "region" and _ID in element.attrib:
                regions.append(element)
        for region in regions:
            found = self.own(region)
            for nested in region:
                if local(nested.tag) == "style":
                    found = {**self.own(nested), **found}
            self._regions.setdefault(region.attrib[_ID], found)

    def own(self, element: Element) -> dict[str, str]:
        """What an element says itself: the styles that it refers to, then its own attributes."""
        found: dict[str, str] = {}
        for name in element.attrib.get("style", "").split():
            found |= self._referred(name)
        for name, value in element.attrib.items():
            if _NAMESPACE.match(name):
                found[local(name)] = value.strip()
        return found

    def region(self, identifier: str | None) -> dict[str, str]:
        """The style of a region; empty if there is none of that name."""
        return self._regions.get(identifier or "", {})

    def _referred(self, name: str) -> dict[str, str]:
        """What a style of the head says, itself and by reference; a circle ends where it closes (§10.4.2)."""
        if name not in self._known and self._chained < _MAX_CHAIN:
            self._known[name] = {}
            self._chained += 1
            if name in self._styles:
                self._known[name] = self.own(self._styles[name])
            self._chained -= 1
        return self._known.get(name, {})


def inherited(style: Mapping[str, str]) -> dict[str, str]:
    """What children start from."""
    return {name: value for name, value in style.items() if name in _INHERITED}


def tags(style: Mapping[str, str]) -> tuple[str, ...]:
    """The tags of cue text that show a style, outermost first."""
    found: list[str] = []
    # White on black is what captions are anyway.
    colour, back = colour_class(style.get("color", "")), colour_class(style.get("backgroundColor", ""))
    classes = [f".{colour}"] if colour not in ("", "white") else []
    classes += [f".bg_{back}"] if back not in ("", "black") else []
    if classes:
        found.append(f"c{''.join(classes)}")
    if style.get("fontWeight") == "bold":
        found.append("b")
    if style.get("fontStyle") in ("italic", "oblique"):
        found.append("i")
    if "underline" in style.get("textDecoration", "").split():
        found.append("u")
    return tuple(found)


def settings(style: Mapping[str, str], region: Mapping[str, str]) -> str:
    """Cue settings for a place: kept simple, so that a player may still move captions out of the way.

    The upper third is the first line, the middle third the middle, the lower third where captions stand anyway.
    """
    found: list[str] = []
    align = _ALIGNMENTS.get(style.get("textAlign", ""), "")
    origin, extent = _PAIR.fullmatch(region.get("origin", "")), _PAIR.fullmatch(region.get("extent", ""))
    if origin and extent:
        left, top, width, height = float(origin[1]), float(origin[2]), float(extent[1]), float(extent[2])
        within = {"center": height / 2, "after": height}.get(style.get("displayAlign", ""), 0.0)
        if top + within < 100 / 3:
            found.append("line:0")
        elif top + within < 200 / 3:
            found.append("line:50%,center")
        # A region without an alignment starts its lines at its left edge (§10.2.35).
        align = align or "start"
        side = {"center": width / 2, "right": width, "end": width}.get(align, 0.0)
        if abs(left + width / 2 - 50) > 1 or align != "center":
            found += [f"position:{cue_settings.percentage(left + side)}", f"size:{cue_settings.percentage(width)}"]
    if align and align != "center":
        found.append(f"align:{align}")
    return cue_settings.parse(" ".join(found))
