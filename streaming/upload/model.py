"""Uploads as values: where one stands, and the arithmetic of its parts. Pure.

An upload is a row of pieces that lie end to end from byte 0. A piece with a number is a stored part of an S3 multipart
upload; one without is an object `uploads/{upload}/tail/…`, bytes that do not fill a part yet. The sum of the pieces is
the offset: nothing is acknowledged that is not in the store.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from infra.ports import Part
from manifests import layout
from manifests.layout import AssetId, UploadId

if TYPE_CHECKING:
    from collections.abc import Sequence

MIB: Final = 1 << 20
SMALLEST_PART: Final = 5 * MIB
"""S3: every part but the last has at least this many bytes."""
MOST_PARTS: Final = 10_000
"""S3: the highest part number."""
PLANNED_PARTS: Final = 9_000
"""Parts that a whole file may take; the rest of the numbers is for writers that died (see `Upload.claimed`)."""
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
    number: int | None = None
    etag: str = ""

    @property
    def end(self) -> int:
        return self.start + self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One upload as SQL knows it.

    `epoch` counts its writers: whoever commits with an older one is refused, so a writer that was replaced can do no
    harm. `writing` says that the writer of this epoch has not ended cleanly (yet): it may still be sending a part.
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
    next_number: int = 1
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
    def key(self) -> str:
        """Where the bytes are going to lie."""
        return layout.source_piece(self.asset, self.version)

    @property
    def whole(self) -> bool:
        """Every byte is in the store."""
        return self.length is not None and self.offset == self.length

    def part_size(self) -> int:
        """Bytes of the next part. Without a length the parts double every thousand, so that any length fits."""
        if self.length is not None:
            return self.part_bytes
        return min(self.part_bytes << ((self.next_number - 1) // _GROW_AFTER), 5 << 30)

    def claimed(self) -> Upload:
        """The upload as its next writer has it.

        A writer that did not end cleanly may still have one request to the store on its way, for part `next_number`:
        that number is not used again, so the late arrival is an orphan instead of other bytes under a listed number.
        """
        skipped = self.next_number + 1 if self.writing else self.next_number
        return replace(self, epoch=self.epoch + 1, writing=True, next_number=skipped)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUpload:
    """What a client says when it begins: `asset` None makes a new asset."""

    length: int | None
    filename: str = ""
    content_type: str = "application/octet-stream"
    titles: dict[str, str] = field(default_factory=dict)
    language: str = "en"
    asset: AssetId | None = None
    publish: bool = False
    metadata: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadProgress:
    """How far the source of an asset has come, in bytes; `length` None while the client has not said."""

    upload: UploadId
    offset: int
    length: int | None


def part_bytes(length: int | None, smallest: int, numbers: int = PLANNED_PARTS) -> int:
    """Bytes of each part of a file that may take `numbers` parts: `smallest`, or more whole MiB if it is that long."""
    if length is None:
        return smallest
    needed = -(-length // numbers)
    return max(smallest, -(-needed // MIB) * MIB)


def part_count(length: int, size: int) -> int:
    """Parts of `size` bytes that a file of `length` bytes has, the last of them shorter."""
    return -(-length // size)


def part_length(length: int, size: int, number: int) -> int:
    """Bytes of part `number` (from 1) of such a file."""
    return min(size, length - (number - 1) * size)


def tail(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The pieces at the end that are not parts yet."""
    return tuple(piece for piece in pieces if piece.number is None)


def parts(pieces: Sequence[Piece]) -> tuple[Part, ...]:
    """The pieces that are parts, for the store's list."""
    return tuple(
        Part(number=piece.number, etag=piece.etag, size=piece.size) for piece in pieces if piece.number is not None
    )


def missing_parts(length: int, size: int, held: Sequence[Part]) -> tuple[int, ...]:
    """Numbers of the parts that the store lacks, or holds with another size than this file's part has."""
    sizes = {part.number: part.size for part in held}
    count = part_count(length, size)
    return tuple(n for n in range(1, count + 1) if sizes.get(n) != part_length(length, size, n))
