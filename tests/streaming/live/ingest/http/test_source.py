"""Tracks of one key: those that are passed over, and one that another one overtakes."""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING

import pytest

from streaming.live.ingest.errors import FeedClosed
from streaming.live.ingest.http.source import Source
from streaming.live.ingest.http.tracks import Fragment, Header, Track
from streaming.live.ingest.publisher import Container, Place, Publisher, Way
from transcoder.boxes import write, write_full

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PUBLISHER = Publisher(
    channel="alpine", place=Place.PRIMARY, key_id="k", way=Way.CMAF, address="203.0.113.1", container=Container.MP4
)


class Taken:
    """A publication; `slow`: what is written waits until it is over, as for an encoder that is behind."""

    def __init__(self) -> None:
        self.body = b""
        self.slow = False
        self.waits, self.over = asyncio.Event(), asyncio.Event()

    async def write(self, body: bytes) -> None:
        if self.slow:
            self.waits.set()
            await self.over.wait()
        if self.over.is_set():
            raise FeedClosed
        self.body += body


class Feeds:
    def __init__(self) -> None:
        self.taken: list[Taken] = []

    @asynccontextmanager
    async def open(self, publisher: Publisher) -> AsyncIterator[Taken]:
        taken = Taken()
        self.taken.append(taken)
        try:
            yield taken
        finally:
            taken.over.set()


def header(kind: bytes, *, size: int = 0) -> Header:
    trak = write(b"trak", write_full(b"tkhd", 0, 0, bytes(80)))
    trex = write_full(b"trex", 0, 0, struct.pack(">5I", 1, 1, 0, 0, 0))
    return Header(
        mvhd=write_full(b"mvhd", 0, 0, bytes(96)), tracks=(Track(id=1, kind=kind, size=size, trak=trak, trex=trex),)
    )


def fragment(time: int, said: bytes) -> Fragment:
    traf = write(b"traf", write_full(b"tfhd", 0, 0x020000, struct.pack(">I", 1)))
    return Fragment(moof=write(b"moof", traf), mdat=write(b"mdat", said), times=((1, time),))


def source(feeds: Feeds) -> Source:
    """It waits for no further tracks."""
    clock = count(step=10)
    return Source(feeds, PUBLISHER, lambda: float(next(clock)))


async def test_tracks_that_are_no_picture_and_no_sound_are_passed_over() -> None:
    feeds = Feeds()
    made = source(feeds)
    await made.header("text", header(b"text"))
    assert made.knows("text")
    await made.fragment("text", fragment(0, b"words"))
    assert feeds.taken == []
    await made.header("video", header(b"vide", size=1))
    await made.fragment("video", fragment(0, b"picture"))
    await made.fragment("text", fragment(1, b"words"))
    assert b"picture" in feeds.taken[0].body
    assert b"words" not in feeds.taken[0].body
    await made.close()


async def test_who_writes_while_another_track_begins_anew_goes_on_with_it() -> None:
    feeds = Feeds()
    made = source(feeds)
    await made.header("sound", header(b"soun"))
    await made.header("video", header(b"vide", size=1))
    await made.fragment("video", fragment(0, b"picture 0"))
    await made.fragment("sound", fragment(0, b"sound 0"))
    feeds.taken[0].slow = True
    writing = asyncio.create_task(made.fragment("sound", fragment(1, b"sound 1")))
    await feeds.taken[0].waits.wait()
    await made.header("video", header(b"vide", size=2))
    await made.fragment("video", fragment(0, b"picture 1"))
    await writing
    await made.fragment("sound", fragment(2, b"sound 2"))
    first, second = feeds.taken
    assert b"sound 1" not in first.body
    assert all(said in second.body for said in (b"picture 1", b"sound 1", b"sound 2"))
    assert not second.over.is_set()
    await made.close()


async def test_who_is_put_out_is_put_out_in_all_his_tracks() -> None:
    feeds = Feeds()
    made = source(feeds)
    await made.header("video", header(b"vide", size=1))
    await made.fragment("video", fragment(0, b"picture"))
    feeds.taken[0].over.set()
    with pytest.raises(FeedClosed):
        await made.fragment("video", fragment(1, b"more"))
    assert len(feeds.taken) == 1
