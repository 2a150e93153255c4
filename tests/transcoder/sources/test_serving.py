"""A child that reads a source through a socket: what it gets, what it may ask, what becomes of errors."""

from __future__ import annotations

import os
import random
import socket
from functools import partial
from typing import TYPE_CHECKING

import anyio
import pytest
from anyio import to_thread

from infra.errors import ObjectStoreError
from manifests import layout
from manifests.layout import AssetId
from transcoder.errors import PlanMissing
from transcoder.sources.blocks import BLOCK
from transcoder.sources.child_file import ANSWER, LARGEST, REQUEST, RemoteFile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.transcoder.sources.conftest import Shop
    from transcoder.sources.source import OpenSource

ASSET = AssetId("clip")


def file_of(fd: int, *, is_seekable: bool = True) -> RemoteFile:
    """As a child would have it, with a descriptor of its own."""
    return RemoteFile(os.dup(fd), is_seekable=is_seekable)


async def test_a_child_reads_as_from_a_file(shop: Shop, noise: bytes) -> None:
    await shop.upload(noise)
    dice = random.Random(3)

    def read(fd: int) -> None:
        with file_of(fd) as file:
            assert file.size == len(noise)
            assert file.read() == noise
            assert file.read(1) == b""
            for _ in range(50):
                start, size = dice.randrange(len(noise)), dice.randrange(LARGEST)
                assert file.seek(start) == file.tell() == start
                piece = file.read(size)
                assert piece == noise[start : start + len(piece)]
                assert piece or not size
            assert file.seek(-5, os.SEEK_END) == len(noise) - 5
            assert file.read(100) == noise[-5:]

    async with shop.sources().open(ASSET, 1) as source, source.serve() as fd:
        await to_thread.run_sync(read, fd)
    assert shop.store.fetched == len(noise)


async def test_a_child_that_jumps_about_fetches_little(shop: Shop, noise: bytes) -> None:
    await shop.upload(noise)
    touched: list[tuple[int, int]] = []

    def read(fd: int) -> None:
        with file_of(fd) as file:
            for place in (9, 1, 7):
                file.seek(place * BLOCK)
                assert file.read(10) == noise[place * BLOCK : place * BLOCK + 10]

    async with shop.sources().open(ASSET, 1) as source, source.serve(touched=touched) as fd:
        await to_thread.run_sync(read, fd)
    assert shop.store.ranges == [(place * BLOCK, BLOCK) for place in (9, 1, 7)]
    assert [start for start, _ in touched] == [9 * BLOCK, BLOCK, 7 * BLOCK]


async def test_nonsense_harms_nobody(shop: Shop, noise: bytes) -> None:
    await shop.upload(noise)

    def ask(fd: int) -> None:
        with socket.socket(fileno=os.dup(fd)) as child:
            for offset, length, answered in (
                (0, (1 << 32) - 1, LARGEST), (len(noise), 10, 0), ((1 << 64) - 2, (1 << 32) - 1, 0), (5, 0, 0)
            ):  # fmt: skip
                child.sendall(REQUEST.pack(offset, length))
                (count,) = ANSWER.unpack(child.recv(ANSWER.size, socket.MSG_WAITALL))
                assert count == answered
                assert child.recv(count, socket.MSG_WAITALL) == noise[offset : offset + count]
            child.sendall(b"half")

    async with shop.sources().open(ASSET, 1) as source, source.serve() as fd:
        await to_thread.run_sync(ask, fd)


async def test_a_child_that_never_listens_is_left_behind(shop: Shop, noise: bytes) -> None:
    await shop.upload(noise)
    with anyio.fail_after(60):
        async with shop.sources().open(ASSET, 1) as source, source.serve() as fd:
            with socket.socket(fileno=os.dup(fd)) as child:
                await to_thread.run_sync(child.sendall, REQUEST.pack(0, LARGEST) * 4)


async def test_an_error_of_the_store_is_the_childs_and_ours(shop: Shop, noise: bytes) -> None:
    await shop.upload(noise)
    shop.store.cut_after = 0

    def read(fd: int) -> None:
        with file_of(fd) as file, pytest.raises(OSError, match="Input/output error"):
            file.read(10)

    async def serve(source: OpenSource, *, refused: bool) -> None:
        async with source.serve() as fd:
            await to_thread.run_sync(read, fd)
            if refused:
                raise ValueError("the file makes no sense")

    async with shop.sources().open(ASSET, 1) as source:
        with pytest.raises(ObjectStoreError):
            await serve(source, refused=False)
        with pytest.raises(ObjectStoreError) as caught:
            await serve(source, refused=True)
        assert isinstance(caught.value.__cause__, ValueError)


async def test_what_has_not_arrived_is_waited_for(
    shop: Shop, noise: bytes, eventually: Callable[..., Awaitable[None]]
) -> None:
    await shop.upload(noise[:100], whole=False)
    got = bytearray()

    def read(fd: int) -> None:
        with file_of(fd, is_seekable=False) as file:
            assert file.size is None
            assert not file.seekable()
            while piece := file.read(BLOCK):
                got.extend(piece)

    async with (
        shop.sources().open(ASSET, 1) as source,
        source.serve(wait=True) as fd,
        anyio.create_task_group() as group,
    ):
        group.start_soon(partial(to_thread.run_sync, read, fd))
        for arrived in (100, 5000, 2 * BLOCK, 3 * BLOCK + 1):
            await shop.upload(noise[:arrived], whole=False)
            await shop.announce()
            await eventually(lambda arrived=arrived: len(got) == arrived)
        await shop.upload(noise)  # and nobody is woken
    assert got == noise


async def test_a_length_that_was_declared_is_known_before_the_bytes(shop: Shop, noise: bytes) -> None:
    await shop.upload(noise[:100], whole=False, length=len(noise))

    def ask(fd: int) -> int | None:
        with file_of(fd) as file:
            return file.size

    async with shop.sources().open(ASSET, 1) as source:
        async with source.serve(wait=True) as fd:
            assert await to_thread.run_sync(ask, fd) == len(noise)
        async with source.serve() as fd:
            assert await to_thread.run_sync(ask, fd) == 100, "who does not wait has what is there"


async def test_an_upload_that_is_given_up_ends_the_wait(shop: Shop, noise: bytes) -> None:
    await shop.upload(noise[:100], whole=False)

    def read(fd: int) -> None:
        with file_of(fd) as file:
            assert file.read(1000) == noise[:100]
            with pytest.raises(OSError, match="Input/output error"):
                file.read(1)

    async def serve(source: OpenSource) -> None:
        async with source.serve(wait=True) as fd, anyio.create_task_group() as group:
            group.start_soon(partial(to_thread.run_sync, read, fd))
            await shop.store.delete([layout.source_arriving(ASSET, 1)])
            await shop.announce()

    async with shop.sources().open(ASSET, 1) as source:
        with pytest.raises(PlanMissing):
            await serve(source)
