"""The task "grow" on real clips that arrive in steps, with real ffmpeg; bucket, cache and queue in memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import pytest

from manifests import layout
from tests.transcoder.growing.test_growth import check_is_beginning
from tests.transcoder.house import ASSET, House, copy_media
from transcoder import signals
from transcoder.describe import media
from transcoder.facts import find_growing, find_plan, write_profile
from transcoder.profile import DEFAULT, Encryption
from transcoder.remaining import expected
from transcoder.sources.pieces import Piece, SourceBytes, write_source
from transcoder.windows import grow_task, index_task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from transcoder.plan import Plan

    Eventually = Callable[..., Awaitable[None]]

SECONDS = 9
FORMATS = {
    "clip.ts": [],
    "clip.mkv": [],
    "fragmented.mp4": ["-movflags", "frag_keyframe+empty_moov"],
    "fast.mp4": ["-movflags", "faststart"],
    "slow.mp4": [],
}
GROWING = sorted(FORMATS.keys() - {"slow.mp4"})
ENCRYPTED = "clip.mkv"
"""One of them is encrypted as it arrives, with another key every four seconds."""


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory, clips_of: Callable[..., None]) -> Path:
    """Five segments of 2 s, in every format."""
    folder = tmp_path_factory.mktemp("clips")
    clips_of(folder, FORMATS, seconds=SECONDS)
    return folder


class Arriving:
    """A source whose bytes come when the test says so."""

    def __init__(self, house: House, body: bytes, *, length: int | None = None) -> None:
        self.house, self.body, self._length = house, body, length or len(body)
        self.pieces: tuple[Piece, ...] = ()

    @property
    def arrived(self) -> int:
        return self.pieces[-1].end if self.pieces else 0

    async def more(self, share: float) -> None:
        """Bytes up to this share of all."""
        part = self.body[self.arrived : int(len(self.body) * share)]
        piece = Piece(key=layout.source_piece(ASSET, 1, self.arrived), start=self.arrived, size=len(part))
        await self.house.store.put(piece.key, part, content_type="video/mp4")
        self.pieces = (*self.pieces, piece)
        whole = self.arrived == len(self.body)
        source = SourceBytes(pieces=self.pieces, length=self._length, whole=whole)
        await write_source(self.house.store, ASSET, 1, source)
        await self.house.cache.publish(
            signals.asset_channel(ASSET), signals.dump(signals.Signal(what="upload", asset=ASSET, version=1))
        )

    async def segments(self) -> int:
        """Of the growing plan."""
        plan = await find_growing(self.house.store, ASSET, 1)
        return 0 if plan is None or plan.video is None else plan.video.segments

    def has(self, least: int) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            return await self.segments() >= least

        return look

    def made(self, least: int) -> Callable[[], Awaitable[bool]]:
        """Whether the first segments of every rendition exist."""

        async def look() -> bool:
            plan = await find_growing(self.house.store, ASSET, 1)
            if plan is None:
                return False
            found = {stat.key async for stat in self.house.store.list(layout.media_prefix(ASSET))}
            wanted = {layout.segment(ASSET, name, n) for name in plan.renditions() for n in range(least)}
            return wanted <= found

        return look


async def frames_of(house: House, plan: Plan, folder: Path, ffmpeg: str) -> int:
    """Pictures that decode from all that the bucket holds of the first rung."""
    await copy_media(house.store, plan, folder)
    assert plan.video is not None
    playlist = folder / layout.media_playlist(ASSET, plan.video.rungs[-1].id)
    counted = await anyio.run_process(
        [ffmpeg, "-v", "error", "-allowed_extensions", "ALL", "-i", str(playlist), "-f", "framecrc", "-"]
    )
    assert counted.stderr == b""
    return sum(not line.startswith(b"#") for line in counted.stdout.splitlines())


async def test_a_profile_may_say_that_nothing_is_played_early(clips: Path, tmp_path: Path) -> None:
    house = House(tmp_path / "sources")
    await write_profile(house.store, ASSET, 1, replace(DEFAULT, play_early=False))
    source = Arriving(house, (clips / "clip.ts").read_bytes())
    await source.more(0.9)
    with anyio.fail_after(60):
        await house.handle(grow_task(ASSET, 1))  # it does not wait for more
    assert await find_growing(house.store, ASSET, 1) is None


@pytest.mark.parametrize("name", GROWING)
async def test_segments_are_made_while_the_source_arrives(
    name: str, clips: Path, tmp_path: Path, eventually: Eventually, ffmpeg: str
) -> None:
    house = House(tmp_path / "sources")
    if name == ENCRYPTED:
        await house.parts.keys.make(ASSET, 1)
        profile = replace(DEFAULT, encryption=Encryption.AES_128, key_rotation=4)
        await write_profile(house.store, ASSET, 1, profile)
    source = Arriving(house, (clips / name).read_bytes())
    await source.more(0.01)
    async with house.working():
        await house.jobs.enqueue(grow_task(ASSET, 1))
        await source.more(0.5)
        await eventually(source.made(1), timeout=60)
        assert source.arrived < len(source.body)
        assert await find_plan(house.store, ASSET, 1) is None
        early = await find_growing(house.store, ASSET, 1)
        await source.more(0.9)
        await eventually(source.has(3), timeout=60)
        later = await find_growing(house.store, ASSET, 1)
        await source.more(1)
        await house.jobs.enqueue(index_task(ASSET, 1))
        await eventually(house.ready, timeout=60)
        await eventually(lambda: bool(house.heard_of("ready")))
        await eventually(house.idle)
    plan = await house.plan()
    assert early is not None
    assert later is not None
    check_is_beginning(early, later)
    check_is_beginning(later, plan)
    heard = Counter(house.heard_of("segment"))
    assert set(heard) == expected(plan)
    assert all(count == 1 for (_, number), count in heard.items() if number is not None), "each segment was made once"
    assert await house.store.head(layout.growing(ASSET, 1)) is None
    assert plan.video is not None
    # Sound that begins a little earlier and pictures that are shown a little later are frames too.
    assert SECONDS * 25 <= await frames_of(house, plan, tmp_path, ffmpeg) == plan.video.frames <= SECONDS * 25 + 2
    playlists = [media(each, each.audio[0].id, uri_of=str, ended=each is plan) for each in (early, later, plan)]
    assert [playlist.playlist_type for playlist in playlists] == ["EVENT"] * 3
    assert len({playlist.target_duration for playlist in playlists}) == 1
    texts = [playlist.render() for playlist in playlists]
    assert texts[1].startswith(texts[0])
    assert texts[2].startswith(texts[1])
    assert texts[2].endswith("#EXT-X-ENDLIST\n")
    # Five segments of two seconds.
    assert [text.count("#EXT-X-KEY") for text in texts[1:]] == ([2, 3] if name == ENCRYPTED else [0, 0])


async def test_an_mp4_that_ends_with_its_index_is_left_to_the_index(
    clips: Path, tmp_path: Path, eventually: Eventually
) -> None:
    house = House(tmp_path / "sources")
    source = Arriving(house, (clips / "slow.mp4").read_bytes())
    await source.more(0.5)
    async with house.working():
        await house.jobs.enqueue(grow_task(ASSET, 1))
        await eventually(house.idle)
    assert await source.segments() == 0


async def test_what_is_no_media_is_not_judged_before_its_end(tmp_path: Path, eventually: Eventually) -> None:
    house = House(tmp_path / "sources")
    source = Arriving(house, b"Dear editor, here is the film.\n" * 10_000)
    await source.more(0.9)
    async with house.working():
        await house.jobs.enqueue(grow_task(ASSET, 1))
        await eventually(house.idle)
    assert not await house.failed()


@pytest.mark.parametrize("name", ["clip.ts", "fast.mp4"])
async def test_a_second_worker_goes_on_where_one_was_killed_and_makes_the_plan(
    name: str, clips: Path, tmp_path: Path, eventually: Eventually
) -> None:
    house = House(tmp_path / "sources")
    source = Arriving(house, (clips / name).read_bytes())
    await source.more(0.5)
    first = asyncio.create_task(house.handle(grow_task(ASSET, 1)))
    await eventually(source.has(1), timeout=60)
    before = await find_growing(house.store, ASSET, 1)
    first.cancel()
    await asyncio.wait({first})
    await source.more(0.9)
    again = asyncio.create_task(house.handle(grow_task(ASSET, 1)))
    await eventually(source.has(3), timeout=60)
    await source.more(1)
    await again
    assert before is not None
    check_is_beginning(before, await house.plan())


async def test_nothing_goes_on_when_an_upload_is_given_up(clips: Path, tmp_path: Path, eventually: Eventually) -> None:
    house = House(tmp_path / "sources")
    source = Arriving(house, (clips / "clip.mkv").read_bytes())
    await source.more(0.5)
    async with house.working():
        await house.jobs.enqueue(grow_task(ASSET, 1))
        await eventually(source.made(1), timeout=60)
        await house.store.delete([layout.source_arriving(ASSET, 1), *(piece.key for piece in source.pieces)])
        await house.cache.publish(
            signals.asset_channel(ASSET), signals.dump(signals.Signal(what="upload", asset=ASSET, version=1))
        )
        await eventually(house.idle)
    assert not await house.failed()


async def test_the_index_goes_on_from_what_was_published(clips: Path, tmp_path: Path, eventually: Eventually) -> None:
    house = House(tmp_path / "sources")
    source = Arriving(house, (clips / "clip.ts").read_bytes())
    await source.more(0.6)
    following = asyncio.create_task(house.handle(grow_task(ASSET, 1)))
    await eventually(source.has(1), timeout=60)
    before = await find_growing(house.store, ASSET, 1)
    following.cancel()
    await asyncio.wait({following})
    await source.more(1)
    await house.handle(index_task(ASSET, 1))
    assert before is not None
    check_is_beginning(before, await house.plan())
