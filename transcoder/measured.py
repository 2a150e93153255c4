"""What the encode came to: sizes of every object of an asset version and places of key pictures, written at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from manifests.layout import AssetId, RenditionId


class IFrame(NamedTuple):
    """A key picture that can be shown alone: which `sample` of its segment it is (from 0), and the bytes from its
    `moof` to its own end: `length` of them from `start` on."""

    sample: int
    start: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionSizes:
    """Bytes of one rendition's objects: the init section, and every segment by its number.

    `iframes`: the key pictures of each segment; empty for a rendition without an I-frame playlist.
    """

    init: int
    segments: tuple[int, ...]
    iframes: tuple[tuple[IFrame, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Of all renditions of an asset version; `work/{asset}/{version}/measured.json`."""

    asset: AssetId
    version: int
    renditions: dict[RenditionId, RenditionSizes]


def dump(measured: Measured) -> bytes:
    return msgspec.json.encode(measured)


def load(body: bytes) -> Measured:
    """Raises msgspec.DecodeError on anything else than what `dump` wrote."""
    return msgspec.json.decode(body, type=Measured)
