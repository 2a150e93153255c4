"""What may go into the bucket at the same time, and what has to wait for what. Pure.

Whoever reads the bucket alone must find all that he is told of: a segment is behind its init section, a playlist behind
every segment that it names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class Order(IntEnum):
    """A later one waits for earlier ones below what it names."""

    FACT = 0
    """An init section, what an event is made of: written once."""
    SEGMENT = 1
    """Written once, behind the facts."""
    LISTING = 2
    """Written again and again, behind all that it names."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Upload:
    """One object. `names`: what the keys begin with that it speaks of; "": those of its own folder.

    A listing has no `body` before it is its turn: then `write` makes it, when it is known what was given up. `done` is
    called when it is in the bucket.
    """

    key: str
    body: bytes = b""
    media_type: str
    order: Order = Order.SEGMENT
    names: str = ""
    write: Callable[[], bytes] | None = None
    done: Callable[[], object] = lambda: None

    def content(self) -> bytes:
        return self.body if self.write is None else self.write()

    @property
    def folder(self) -> str:
        return self.key[: self.key.rfind("/") + 1]


def may_begin(queue: Sequence[Upload], begun: Collection[Upload], count: int) -> list[Upload]:
    """The first `count` of a queue that wait for nothing that is unfinished before them."""
    found: list[Upload] = []
    unfinished: dict[str, Order] = {}
    listings: set[str] = set()
    for upload in queue:
        if len(found) == count:
            break
        # Of two listings under one key the older one must not come later.
        if upload not in begun and upload.key not in listings and not _waits(upload, unfinished):
            found.append(upload)
        unfinished[upload.folder] = min(upload.order, unfinished.get(upload.folder, upload.order))
        if upload.order is Order.LISTING:
            listings.add(upload.key)
    return found


def _waits(upload: Upload, unfinished: dict[str, Order]) -> bool:
    named = upload.names or upload.folder
    return any(order < upload.order for folder, order in unfinished.items() if folder.startswith(named))


def with_listing(queue: Sequence[Upload], listing: Upload, begun: Collection[Upload]) -> list[Upload]:
    """The queue with a newer listing, which says all that older ones do.

    The oldest that waits is kept: if each took the place of the one before, and waited for one segment more, a bucket
    that is slower than the segments come would never get any.
    """
    waiting = [each for each in queue if each.key == listing.key and each not in begun]
    return [*(each for each in queue if each not in waiting[1:]), listing]
