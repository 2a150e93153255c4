"""XML of strangers as a tree: no document type, no entities, nothing fetched, bounded in depth and size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from manifests.errors import CaptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_DEPTH: Final = 40
MAX_ELEMENTS: Final = 500_000


def parse(text: str) -> Element:
    """The root element. Raises CaptionError; its line is where the XML is wrong."""
    parser = DefusedXMLParser(target=_Bounded(), forbid_dtd=True)
    try:
        parser.feed(text)
        root: Element = parser.close()
    except ParseError as exc:
        line, _ = exc.position
        raise CaptionError("bad-xml", f"This is not well-formed XML: {str(exc).split(':')[0]}.", line=line) from exc
    except DefusedXmlException as exc:
        message = "A document type or entities are not allowed in a caption file: they can read other files."
        raise CaptionError("xml-entities", message) from exc
    except ValueError as exc:
        raise CaptionError("bad-xml", "This is not well-formed XML.") from exc
    return root


def local(name: str) -> str:
    """The name without its namespace."""
    return name.rpartition("}")[2]


class _Bounded(TreeBuilder):
    """Stops where the tree gets deeper or larger than any caption file is."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._elements = 0

    def start(self, tag: str, attrs: Mapping[str, str], /) -> Element:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise CaptionError("xml-too-large", f"Elements are nested deeper than {MAX_DEPTH}, or there are too many.")
        return super().start(tag, dict(attrs))

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)
