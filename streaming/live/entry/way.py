"""The way of a publisher's stream to a decoder, which may die while the publisher goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from streaming.live.entry.flv import FlvEntry
from streaming.live.entry.mp4 import Mp4Entry
from streaming.live.entry.ts import TsEntry
from streaming.live.ingest.publisher import Container

if TYPE_CHECKING:
    from collections.abc import Mapping


class Entry(Protocol):
    """Open, it lets pass what comes, byte for byte. Once `shut` it lets nothing pass until another decoder can begin:
    then what a decoder needs before all else, and the stream from a key picture on.

    It keeps no media. It raises nothing, whatever the bytes are: through what it does not understand nothing enters.
    """

    def passed(self, body: bytes) -> bytes:
        """Of these bytes, which came next, those for the decoder."""
        ...

    def shut(self) -> None:
        """The decoder is gone."""
        ...


_ENTRIES: Final[Mapping[Container, type[Entry]]] = {
    Container.FLV: FlvEntry, Container.MPEG_TS: TsEntry, Container.MP4: Mp4Entry,
}  # fmt: skip


def entry_of(container: Container) -> Entry:
    """For a stream that begins now."""
    return _ENTRIES[container]()
