"""An encrypted title through the workers: what lies in the bucket, and who can read it."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.ports import Level
from manifests import hls, layout
from manifests.hls import MediaPlaylist
from manifests.layout import AssetId
from tests.transcoder.house import ASSET, House, copy_media, make_clip
from transcoder import measured as sizes
from transcoder import window_work
from transcoder.clip_plan import clip_of_frames
from transcoder.describe import key_count
from transcoder.encryption.key_store import KeyStore
from transcoder.encryption.reading import read_clear
from transcoder.encryption.whole_segments import decrypt
from transcoder.encryption.wrapping import Wrapping
from transcoder.errors import KeysMissing, KeysUnreadable, OutputBroken
from transcoder.facts import find_plan, find_stills, read_ready, write_plan, write_profile
from transcoder.ffmpeg import ffmpeg_path
from transcoder.plan import Protection
from transcoder.profile import DEFAULT, Encryption
from transcoder.publish import key_of
from transcoder.remaining import expected, present
from transcoder.sources.pieces import find_source, write_source
from transcoder.static_manifests import enlist
from transcoder.windows import index_task, run_task, window_task, windows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from typing import Any

    from infra.redis_cache import RedisCache
    from transcoder.plan import Plan

    Eventually = Callable[..., Awaitable[None]]

CLIP = AssetId("cut")
SECONDS = 10
PROFILE = replace(DEFAULT, encryption=Encryption.AES_128, key_rotation=4, per_title=False, loudness=None)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("encrypted") / "source.mp4"
    return make_clip(path, ffmpeg_path(), seconds=SECONDS).read_bytes()


@pytest.fixture
async def house(tmp_path: Path, cache: RedisCache, source: bytes) -> House:
    """An upload has begun by a profile that encrypts: another key every four seconds."""
    house = House(tmp_path / "sources", cache=cache)
    await KeyStore(house.store).make(ASSET, 1)
    await write_profile(house.store, ASSET, 1, PROFILE)
    await house.upload(source)
    return house


async def work(house: House, asset: AssetId, eventually: Eventually) -> Plan:
    async def ready() -> bool:
        return await read_ready(house.store, asset, 1) is not None

    await house.jobs.enqueue(index_task(asset, 1))
    async with house.working():
        await eventually(ready, 120)
    await enlist(house.store, asset, 1)
    plan = await find_plan(house.store, asset, 1)
    assert plan is not None
    return plan


async def frames_of(house: House, plan: Plan, folder: Path) -> set[int]:
    """How many frames ffmpeg decodes of each rung, from the bucket's own playlists, keys being where those say."""
    await copy_media(house.store, plan, folder)
    assert plan.video is not None
    return {_frames(folder / layout.media_playlist(plan.asset, rung.id)) for rung in plan.video.rungs}


def _frames(playlist: Path) -> int:
    command = [ffmpeg_path(), "-nostdin", "-v", "error", "-xerror", "-allowed_extensions", "ALL", "-i", playlist]
    printed = subprocess.run([*command, "-f", "framecrc", "-"], check=True, capture_output=True, text=True).stdout
    return sum(not line.startswith("#") for line in printed.splitlines())


async def test_a_title_is_published_encrypted_and_everything_that_reads_it_still_works(
    house: House, tmp_path: Path, eventually: Eventually
) -> None:
    plan = await work(house, ASSET, eventually)
    assert plan.protection == Protection(scheme=Encryption.AES_128, period=1)
    assert key_count(plan) == 3
    keys = await house.parts.keys.of(plan)
    assert keys is not None
    found = await present(house.store, plan)
    assert set(found) == expected(plan)
    for rendition, number in expected(plan):
        body = await house.store.read(key_of(ASSET, rendition, number))
        assert (b"moof" in body) is False
        assert (b"ftyp" in body) is (number is None)
        assert b"mdat" in await read_clear(house.store, plan, keys, rendition, number) or number is None
        if number is not None:
            assert decrypt(keys.key(number), number, body)
    told = sizes.load(await house.store.read(layout.measured(ASSET, 1)))
    for rendition, sized in told.renditions.items():
        assert sized.segments == tuple(found[rendition, number].size for number in range(3))
        assert sized.iframes == ()
    stills = await find_stills(house.store, ASSET, 1)
    assert stills is not None
    assert stills.storyboard is not None
    assert stills.candidates
    media = {stat.key async for stat in house.store.list(layout.media_prefix(ASSET))}
    assert layout.mpd(ASSET) not in media
    assert not any("key" in key or "iframes" in key for key in media), "nothing of it is public"
    playlist = hls.parse((await house.store.read(layout.media_playlist(ASSET, plan.audio[0].id))).decode())
    assert isinstance(playlist, MediaPlaylist)
    assert [len(each.keys) for each in playlist.segments] == [1, 1, 1]
    assert await frames_of(house, plan, tmp_path / "bucket") == {SECONDS * 25}


async def test_a_clip_has_keys_of_its_own_for_what_it_takes_over(
    house: House, tmp_path: Path, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    above = await work(house, ASSET, eventually)

    async def ordinary(*_: Any, **__: Any) -> None:
        raise AssertionError("nothing is left for the ordinary encode")

    monkeypatch.setattr(window_work, "encode_video", ordinary)
    origin = await find_source(house.store, ASSET, 1)
    assert origin is not None
    await write_source(house.store, CLIP, 1, origin)
    await write_profile(house.store, CLIP, 1, PROFILE)
    await house.parts.keys.make(CLIP, 1)
    await write_plan(house.store, clip_of_frames(above, range(63, 210), asset=CLIP, version=1))
    plan = await work(house, CLIP, eventually)
    parents, own = await house.parts.keys.of(above), await house.parts.keys.of(plan)
    assert parents is not None
    assert own is not None
    assert plan.video is not None
    for rung in plan.video.rungs:
        body = await house.store.read(key_of(CLIP, rung.id, 1))
        with pytest.raises(OutputBroken):
            decrypt(parents.key_at(1), 1, body)
        assert decrypt(own.key_at(1), 1, body)
    assert await frames_of(house, plan, tmp_path / "bucket") == {147}


async def test_nothing_is_published_in_the_clear_when_the_keys_are_gone(house: House) -> None:
    await house.handle(index_task(ASSET, 1))
    plan = await house.plan()
    await house.store.delete([layout.keys(ASSET, 1)])
    first = windows(plan)[0]
    with pytest.raises(KeysMissing):
        await house.handle(window_task(ASSET, 1, first, Level.INDEX))
    assert [stat async for stat in house.store.list(layout.media_prefix(ASSET))] == []


async def test_a_clip_can_do_without_its_parents_keys(house: House) -> None:
    await house.handle(index_task(ASSET, 1))
    above = await house.plan()
    origin = await find_source(house.store, ASSET, 1)
    assert origin is not None
    await write_source(house.store, CLIP, 1, origin)
    await house.parts.keys.make(CLIP, 1)
    plan = await write_plan(house.store, clip_of_frames(above, range(63, 210), asset=CLIP, version=1))
    lost = Wrapping(keys=(bytes(32),))
    await house.store.delete([layout.keys(ASSET, 1)])
    await KeyStore(house.store, lost).make(ASSET, 1)
    with pytest.raises(KeysUnreadable):
        await house.parts.keys.of(above)
    assert plan.video is not None
    rung = plan.video.rungs[0].id
    await house.handle(run_task(CLIP, 1, rung, 1, Level.JUST_IN_TIME))
    assert b"moof" in await read_clear(house.store, plan, await house.parts.keys.of(plan), rung, 1)
