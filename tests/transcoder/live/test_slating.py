"""Which slate an event has. Encoders and the bucket are the test's: what they are asked for is counted."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from infra.errors import ObjectNotFound, StoreBusy
from infra.tasks import end
from tests.transcoder.live import feeds
from tests.transcoder.live.test_slate import slate
from transcoder.errors import OutputBroken
from transcoder.live import slating
from transcoder.live.slating import Slating

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from transcoder.live.event import LiveEvent
    from transcoder.live.slate import Slate

BUILT_IN = ""


class Studio:
    """A bucket with pictures, and an encoder that says in `asked` what it was given. `away`: the bucket fails."""

    def __init__(self, *pictures: str) -> None:
        self.pictures, self.away, self.hangs = set(pictures), False, False
        self.asked: list[bytes | None] = []
        self.reads = 0
        self.shown: list[str] = []
        self._moved = asyncio.Event()

    async def make(self, event: LiveEvent, picture: bytes | None) -> Slate:
        self.asked.append(picture)
        if picture == b"broken":
            self._moved.set()
            raise OutputBroken("no picture")
        return slate()

    async def read(self, name: str) -> bytes:
        self.reads += 1
        self._moved.set()
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        if self.away:
            raise StoreBusy(name)
        if name not in self.pictures:
            raise ObjectNotFound(name)
        return name.encode()

    def show(self, made: Slate) -> None:
        self.shown.append(made.picture)
        self._moved.set()

    @asynccontextmanager
    async def running(self, wanted: str, *, known: str | None = None) -> AsyncIterator[Slating]:
        made = Slating(feeds.event(), wanted, make=self.make, read=self.read, made=self.show)
        if known is not None:
            made.known(known)
        task = asyncio.create_task(made.run())
        try:
            yield made
        finally:
            await end(task)

    async def until(self, shown: list[str], *, reads: int = 0, asked: int = 0) -> None:
        async with asyncio.timeout(60):
            while self.shown != shown or self.reads < reads or len(self.asked) < asked:
                self._moved.clear()
                await self._moved.wait()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slating, "_AGAIN_S", 0.001)


async def test_the_built_in_one_waits_for_no_bucket() -> None:
    studio = Studio("card")
    studio.hangs = True
    async with studio.running("card"):
        await studio.until([BUILT_IN], reads=1)
    assert studio.asked == [None]


async def test_its_own_follows_the_built_in_one() -> None:
    studio = Studio("card")
    async with studio.running("card"):
        await studio.until([BUILT_IN, "card"])
    assert studio.asked == [None, b"card"]


async def test_another_one_takes_its_place_and_none_brings_the_built_in_one_back() -> None:
    studio = Studio("card", "sponsor")
    async with studio.running(BUILT_IN) as made:
        await studio.until([BUILT_IN])
        made.want("card")
        await studio.until([BUILT_IN, "card"])
        made.want("sponsor")
        made.want("sponsor")
        await studio.until([BUILT_IN, "card", "sponsor"])
        made.want(BUILT_IN)
        await studio.until([BUILT_IN, "card", "sponsor", BUILT_IN])
    assert len(studio.asked) == 4


async def test_what_a_bucket_does_not_give_is_asked_for_again() -> None:
    studio = Studio("card")
    studio.away = True
    async with studio.running("card"):
        await studio.until([BUILT_IN], reads=4)
        studio.away = False
        await studio.until([BUILT_IN, "card"])


@pytest.mark.parametrize("wanted", ["broken", "gone"])
async def test_what_cannot_be_shown_leaves_what_is_shown(wanted: str) -> None:
    studio = Studio("broken", "card")
    async with studio.running("card") as made:
        await studio.until([BUILT_IN, "card"])
        made.want(wanted)
        await studio.until([BUILT_IN, "card"], reads=4)
        made.want(BUILT_IN)
        await studio.until([BUILT_IN, "card", BUILT_IN])


async def test_a_process_that_goes_on_encodes_none_again() -> None:
    studio = Studio("card", "sponsor")
    async with studio.running("card", known="card") as made:
        made.want("sponsor")
        await studio.until(["sponsor"])
    assert studio.asked == [b"sponsor"]
