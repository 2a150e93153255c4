"""Where the bytes of a source lie: pieces in the bucket, end to end, from the first byte that arrived.

The piece list is an object of its own. While an upload runs it is `arriving.json`, written again as bytes arrive;
when the last byte is there it is `source.json`, written once. Whoever reads a list that is out of date may find a piece
gone, for small pieces are gathered into larger ones: he reads the list again.
"""

from __future__ import annotations

from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import msgspec

from infra.errors import ObjectNotFound
from manifests import layout

if TYPE_CHECKING:
    from infra.ports import ObjectStore
    from manifests.layout import AssetId

_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes [start, start + size) of a source: the whole object `key`."""

    key: str
    start: int
    size: int

    @property
    def end(self) -> int:
        return self.start + self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBytes:
    """The pieces of a source, rising and without a gap from byte 0. `length` is None while nobody has said how long the
    whole is; `whole` says that no byte is going to be added."""

    pieces: tuple[Piece, ...]
    length: int | None
    whole: bool

    def __post_init__(self) -> None:
        if self.pieces and (self.pieces[0].start or any(a.end != b.start for a, b in pairwise(self.pieces))):
            raise ValueError("the pieces of a source lie end to end from byte 0")
        if self.whole and self.arrived != self.length:
            raise ValueError(f"a whole source of {self.length} bytes has pieces for {self.arrived}")

    @property
    def arrived(self) -> int:
        """Bytes that can be read."""
        return self.pieces[-1].end if self.pieces else 0

    def piece_at(self, offset: int) -> Piece:
        """The piece that holds a byte that has arrived."""
        return self.pieces[bisect_right(self.pieces, offset, key=lambda piece: piece.start) - 1]


async def find_source(store: ObjectStore, asset: AssetId, version: int) -> SourceBytes | None:
    """The source as it stands: whole, or what has arrived of it; None if nothing has."""
    for key in (layout.source(asset, version), layout.source_arriving(asset, version)):
        try:
            return msgspec.json.decode(await store.read(key), type=SourceBytes)
        except ObjectNotFound:
            continue
    return None


def held_by(source: SourceBytes, asset: AssetId, version: int) -> frozenset[tuple[AssetId, int]]:
    """The other versions whose pieces a source is made of: a clip has none of its own."""
    owners = {layout.source_owner(piece.key) for piece in source.pieces} - {None, (asset, version)}
    return frozenset(owner for owner in owners if owner is not None)


async def write_holds(store: ObjectStore, asset: AssetId, version: int, source: SourceBytes) -> None:
    """Say beside each source that is made use of that its pieces are needed."""
    for owner in held_by(source, asset, version):
        await store.put(layout.hold(owner, asset, version), b"", content_type="text/plain")


async def release_holds(store: ObjectStore, asset: AssetId, version: int) -> None:
    """The reverse. The source's own list has to be there still; one that cannot be read holds nothing."""
    with suppress(ObjectNotFound, msgspec.DecodeError):
        source = msgspec.json.decode(await store.read(layout.source(asset, version)), type=SourceBytes)
        await store.delete([layout.hold(owner, asset, version) for owner in held_by(source, asset, version)])


async def holders(store: ObjectStore, owner: tuple[AssetId, int]) -> dict[tuple[AssetId, int], SourceBytes]:
    """Who needs what of an owner's: the sources that its holds tell of, as far as they are still there."""
    found: dict[tuple[AssetId, int], SourceBytes] = {}
    async for stat in store.list(layout.hold_prefix(*owner)):
        holder = layout.parse_hold(stat.key)
        if holder is not None and (source := await find_source(store, *holder)) is not None:
            found[holder] = source
    return found


async def is_held(store: ObjectStore, asset: AssetId, version: int | None = None) -> bool:
    """Whether another needs the pieces of a version (of any, without one)."""
    return bool([stat async for stat in store.list(layout.hold_prefix(asset, version))])


async def write_source(store: ObjectStore, asset: AssetId, version: int, source: SourceBytes) -> None:
    """Say where the bytes lie now."""
    key = layout.source(asset, version) if source.whole else layout.source_arriving(asset, version)
    await store.put(key, msgspec.json.encode(source), content_type=_JSON)
