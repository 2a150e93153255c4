"""What the encode came to: byte sizes of every object of an asset version, written once at the end."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from manifests.layout import AssetId, RenditionId


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionSizes:
    """Bytes of one rendition's objects: the init section, and every segment by its number."""

    init: int
    segments: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Sizes of all renditions of an asset version; `work/{asset}/{version}/measured.json`."""

    asset: AssetId
    version: int
    renditions: dict[RenditionId, RenditionSizes]


def dump(measured: Measured) -> bytes:
    return msgspec.json.encode(measured)


def load(body: bytes) -> Measured:
    """Raises msgspec.DecodeError on anything else than what `dump` wrote."""
    return msgspec.json.decode(body, type=Measured)
