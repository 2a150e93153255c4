"""A channel's own slate as viewers see it: decoded from the parts that are published while nobody sends a picture."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import av
import pytest
from PIL import Image

from infra.errors import StoreBusy
from manifests import layout
from manifests.layout import ChannelId
from tests.streaming.live.test_shows import published, running
from tests.transcoder.stills.test_image import saved
from transcoder.live import board
from transcoder.live.event import load
from transcoder.live.resume import read_states
from transcoder.live.selector import Source

if TYPE_CHECKING:
    from pathlib import Path

    from infra.redis_cache import RedisCache
    from infra.s3 import S3Store
    from streaming.live.shows import Shows
    from streaming.services import Services

ARENA = ChannelId("arena")
RED, BLUE, BLACK = (200, 40, 20), (20, 60, 200), (0, 0, 0)
BUILT_IN = (0x14, 0x18, 0x1F)
Colour = tuple[int, ...]


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


class Screen:
    """What a viewer of the channel's largest rung sees of its last part: the middle, and the left edge."""

    def __init__(self, cache: RedisCache) -> None:
        self._cache = cache
        self.at = (0, 0)
        """Segment and parts of it that were seen last."""

    async def colours(self) -> tuple[Colour, Colour] | None:
        kept = await self._cache.get(board.event_key(ARENA))
        if kept is None:
            return None
        event = load(kept)
        top = event.rungs[-1].id
        state = (await read_states(self._cache, event)).get(top)
        if state is None or (segment := state.growing or (state.segments[-1] if state.segments else None)) is None:
            return None
        self.at = (segment.number, segment.count)
        init = await self._cache.get(board.init_key(ARENA, top, segment.init or state.init))
        part = await self._cache.get(board.part_key(ARENA, top, segment.number, segment.count - 1))
        if init is None or part is None:
            return None
        with av.open(io.BytesIO(init + part)) as container:
            pictures = list(container.decode(video=0))
        if not pictures:  # of a publisher, and in the middle of a group
            return None
        assert len(pictures) == event.grid.part
        assert {(each.colorspace, each.color_range) for each in pictures} == {(1, 1)}, "BT.709, limited"
        shown = {_rgb(each) for each in pictures}
        return shown.pop() if len(shown) == 1 else None  # a still

    async def shows(self, middle: Colour, edge: Colour, *, behind: tuple[int, int] = (0, 0)) -> None:
        async with asyncio.timeout(60):
            while True:
                if _alike(await self.colours(), (middle, edge)) and self.at > behind:
                    return
                await asyncio.sleep(0.05)

    async def discontinuities(self) -> int:
        kept = await self._cache.get(board.event_key(ARENA))
        assert kept is not None
        states = await read_states(self._cache, load(kept))
        return sum(each.discontinuity for state in states.values() for each in (*state.segments, state.growing) if each)


def _rgb(picture: av.VideoFrame) -> tuple[Colour, Colour]:
    pixels = picture.to_ndarray(format="rgb24", src_colorspace="ITU709")
    row = pixels[picture.height // 4]  # the dots of the built-in one are in the middle
    return tuple(int(each) for each in row[picture.width // 2]), tuple(int(each) for each in row[2])


def _alike(found: tuple[Colour, Colour] | None, wanted: tuple[Colour, Colour]) -> bool:
    return found is not None and all(
        abs(mine - yours) <= 4 for pair in zip(found, wanted, strict=True) for mine, yours in zip(*pair, strict=True)
    )


async def put_up(services: Services, name: str, colour: Colour, size: tuple[int, int]) -> None:
    picture = saved(Image.new("RGB", size, tuple(colour)), "PNG")  # type: ignore[arg-type]
    await services.infra.store.put(layout.slate(ARENA, name), picture, content_type="image/png")
    await services.channels.show_slate(ARENA, name)


def on_air(shows: Shows) -> Source | None:
    show = shows._shows.get(ARENA)
    return None if show is None else show.on_air


async def test_it_is_what_viewers_see(services: Services, cache: RedisCache, ffmpeg: str) -> None:
    await services.channels.create(title="Arena", channel_id="arena", created_by="me")
    await put_up(services, "card", RED, (30, 60))
    await services.channels.start(ARENA)
    screen = Screen(cache)
    async with running(services) as shows:
        async with published(ffmpeg, shows, seconds=1) as sending:
            await sending
        # A tall one has bars beside it.
        await screen.shows(RED, BLACK)
        assert on_air(shows) is Source.SLATE
        before = await screen.discontinuities()
        # While it is on air another one takes its place, and nothing breaks.
        await put_up(services, "sponsor", BLUE, (160, 90))
        await screen.shows(BLUE, BLUE)
        assert await screen.discontinuities() == before
    # Its process is gone, and so is the bucket's object: the next one has it still.
    await services.infra.store.delete([layout.slate(ARENA, "sponsor")])
    async with running(services) as shows:
        await screen.shows(BLUE, BLUE, behind=screen.at)
        assert on_air(shows) is Source.SLATE
        await services.channels.show_slate(ARENA, "")
        await screen.shows(BUILT_IN, BUILT_IN)


async def test_a_bucket_that_does_not_answer_delays_neither_the_event_nor_its_slate(
    services: Services, store: S3Store, cache: RedisCache, ffmpeg: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()
    read = store.read

    async def away(key: str) -> bytes:
        if key.startswith(layout.SLATES):
            asked.set()
            raise StoreBusy(key)
        return await read(key)

    monkeypatch.setattr(store, "read", away)
    await services.channels.create(title="Arena", channel_id="arena", created_by="me")
    await put_up(services, "card", RED, (160, 90))
    await services.channels.start(ARENA)
    async with running(services) as shows:
        async with published(ffmpeg, shows, seconds=1) as sending:
            await sending
        await Screen(cache).shows(BUILT_IN, BUILT_IN)
        await asked.wait()
