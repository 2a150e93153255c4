"""Uploads as values: where one stands, and the arithmetic of its pieces and parts. Pure.

By tus and PUT an upload is a row of pieces that lie end to end from byte 0, each an object of its own that can be read
at once. The sum of the pieces is the offset: nothing is acknowledged that is not in the store. A presigned upload has
the parts of an S3 multipart upload instead, and no byte of it can be read before they are put together.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from manifests import layout
from manifests.layout import AssetId, UploadId
from transcoder.sources import pieces as sources
from transcoder.sources.pieces import SourceBytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.ports import Part

MIB: Final = 1 << 20
SMALLEST_PART: Final = 5 * MIB
"""S3: every part of a multipart upload but the last has at least this many bytes."""
MOST_PARTS: Final = 10_000
"""S3: the highest part number."""
PLANNED_PIECES: Final = 4_000
"""Pieces that a file of known length is cut into at most, unless they would be larger than LARGEST_PIECE."""
LARGEST_PIECE: Final = 128 * MIB
"""What one upload may hold in memory, however long it is."""
_GROW_AFTER: Final = 1_000


class UploadKind(StrEnum):
    """The protocol that carries the bytes."""

    TUS = "tus"
    PUT = "put"
    PRESIGNED = "presigned"


class UploadState(StrEnum):
    """`open` takes bytes; the others are final: `done` (the catalogue knows the source), `terminated` by the client or
    by an error that ended it, `expired` by the clock."""

    OPEN = "open"
    DONE = "done"
    TERMINATED = "terminated"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes [start, start + size) of a source, in the store. `epoch` is the writer that put them there."""

    start: int
    size: int
    epoch: int

    @property
    def end(self) -> int:
        return self.start + self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One upload as SQL knows it.

    `epoch` counts its writers: whoever commits with an older one is refused, so a writer that was replaced can do no
    harm. `writing` says that the writer of this epoch has not ended (yet). `store_id` names the store's multipart
    upload of one that is presigned.
    """

    id: UploadId
    kind: UploadKind
    state: UploadState = UploadState.OPEN
    asset: AssetId
    version: int
    length: int | None
    offset: int = 0
    epoch: int = 0
    writing: bool = False
    store_id: str = ""
    part_bytes: int
    filename: str
    content_type: str
    metadata: str = ""
    publish: bool = False
    created_by: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime

    @property
    def assembled(self) -> str:
        """The object that the parts of a presigned upload become."""
        return layout.source_piece(self.asset, self.version)

    @property
    def whole(self) -> bool:
        """Every byte is in the store."""
        return self.length is not None and self.offset == self.length

    def key_of(self, piece: Piece) -> str:
        """Where a piece lies. Two writers never share a key, nor do two pieces of one writer."""
        return layout.source_piece(self.asset, self.version, piece.start, piece.epoch)

    def piece_size(self) -> int:
        """Bytes of the next piece, if they come fast. Without a length the pieces double every thousand, so that few
        thousands hold any length."""
        size = self.part_bytes
        if self.length is None:
            size <<= (self.offset // (_GROW_AFTER * size) + 1).bit_length() - 1
        return min(size, max(LARGEST_PIECE, self.part_bytes))

    def source(self, pieces: Sequence[Piece]) -> SourceBytes:
        """What workers may read of an upload that has these pieces."""
        listed = tuple(
            sources.Piece(key=self.key_of(piece), start=piece.start, size=piece.size) for piece in pieces
        )  # fmt: skip
        return SourceBytes(pieces=listed, length=self.length, whole=self.whole)

    def claimed(self) -> Upload:
        """The upload as its next writer has it."""
        return replace(self, epoch=self.epoch + 1, writing=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUpload:
    """What a client says when it begins: `asset` None makes a new asset; `profile` "" is the asset's, or the client's
    own default."""

    length: int | None
    filename: str = ""
    content_type: str = "application/octet-stream"
    titles: dict[str, str] = field(default_factory=dict)
    language: str = "en"
    asset: AssetId | None = None
    publish: bool = False
    profile: str = ""
    metadata: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadProgress:
    """How far the source of an asset has come, in bytes; `length` None while the client has not said."""

    upload: UploadId
    offset: int
    length: int | None


def part_bytes(length: int | None, smallest: int, numbers: int) -> int:
    """Bytes of each part of a file that may take `numbers` parts: `smallest`, or more whole MiB if it is that long."""
    if length is None:
        return smallest
    needed = -(-length // numbers)
    return max(smallest, -(-needed // MIB) * MIB)


def piece_bytes(length: int | None, smallest: int) -> int:
    """Bytes of the pieces of a file: like `part_bytes`, within what may be held in memory."""
    return min(part_bytes(length, smallest, PLANNED_PIECES), max(LARGEST_PIECE, smallest))


def small_ones(pieces: Sequence[Piece], limit: int) -> tuple[Piece, ...]:
    """The pieces at the end that together have less than `limit` bytes: to be gathered when more bytes come."""
    first, total = len(pieces), 0
    while first and total + pieces[first - 1].size < limit:
        first -= 1
        total += pieces[first].size
    return tuple(pieces[first:])


def part_count(length: int, size: int) -> int:
    """Parts of `size` bytes that a file of `length` bytes has, the last of them shorter."""
    return -(-length // size)


def part_length(length: int, size: int, number: int) -> int:
    """Bytes of part `number` (from 1) of such a file."""
    return min(size, length - (number - 1) * size)


def missing_parts(length: int, size: int, held: Sequence[Part]) -> tuple[int, ...]:
    """Numbers of the parts that the store lacks, or holds with another size than this file's part has."""
    sizes = {part.number: part.size for part in held}
    count = part_count(length, size)
    return tuple(n for n in range(1, count + 1) if sizes.get(n) != part_length(length, size, n))
