"""What captions are inside a source, as a fact in the bucket: written once, by the task "captions"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from infra.errors import ObjectNotFound
from manifests import layout
from manifests.captions.model import Cue
from transcoder.captions.listed import CaptionKind
from transcoder.facts import JSON
from transcoder.publish import put_once

if TYPE_CHECKING:
    from infra.ports import ObjectStore
    from manifests.layout import AssetId


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTrack:
    """One track as it becomes an asset's. Cues count in ms from the plan's zero; `format` is the codec that they were
    in; `warnings` are sentences for an editor."""

    language: str
    name: str
    kind: CaptionKind
    default: bool
    format: str
    cues: tuple[Cue, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCaptions:
    """`notes`: sentences for an editor on what is in the source and could not become text."""

    tracks: tuple[FoundTrack, ...] = ()
    notes: tuple[str, ...] = ()


async def find_found(store: ObjectStore, asset: AssetId, version: int) -> FoundCaptions | None:
    """None as long as nobody has looked."""
    try:
        return msgspec.json.decode(await store.read(layout.captions_found(asset, version)), type=FoundCaptions)
    except ObjectNotFound:
        return None


async def write_found(store: ObjectStore, asset: AssetId, version: int, found: FoundCaptions) -> bool:
    """False if somebody has written it before."""
    return await put_once(store, layout.captions_found(asset, version), msgspec.json.encode(found), content_type=JSON)
