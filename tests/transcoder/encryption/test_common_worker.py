"""A title in `cbcs` or `cenc` through the workers: what lies in the bucket plays with its key, and nothing is lost."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from manifests import layout
from tests.transcoder.encryption.test_worker import CLIP, SECONDS, work
from tests.transcoder.house import ASSET, House, make_clip
from transcoder import measured as sizes
from transcoder import window_work
from transcoder.audio_boxes import init_section, segment
from transcoder.clip_plan import clip_of_frames
from transcoder.encryption.key_store import KeyStore
from transcoder.encryption.reading import read_clear
from transcoder.errors import NotProtected, OutputBroken
from transcoder.facts import find_stills, write_plan, write_profile
from transcoder.ffmpeg import ffmpeg_path
from transcoder.fragments import fragments_of
from transcoder.plan import Protection
from transcoder.profile import DEFAULT, Encryption
from transcoder.publish import Publisher, key_of
from transcoder.remaining import expected, present
from transcoder.sources.pieces import find_source, write_source

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from infra.redis_cache import RedisCache
    from transcoder.plan import Plan

    Eventually = Callable[..., Awaitable[None]]


def profile(scheme: Encryption) -> Any:
    return replace(DEFAULT, encryption=scheme, per_title=False, loudness=None)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("encrypted") / "source.mp4"
    return make_clip(path, ffmpeg_path(), seconds=SECONDS).read_bytes()


@pytest.fixture
async def house(tmp_path: Path, cache: RedisCache, source: bytes) -> House:
    house = House(tmp_path / "sources", cache=cache)
    await KeyStore(house.store).make(ASSET, 1)
    await house.upload(source)
    return house


async def frames_of(house: House, plan: Plan, folder: Path) -> set[int]:
    """How many frames ffmpeg decodes of each rung: init section and segments as they lie in the bucket, and the key."""
    keys = await house.parts.keys.of(plan)
    assert keys is not None
    assert plan.video is not None
    found = set()
    for rung in plan.video.rungs:
        numbers = (None, *range(plan.video.segments))
        bodies = [await house.store.read(key_of(plan.asset, rung.id, number)) for number in numbers]
        path = folder / f"{rung.id}.mp4"
        path.write_bytes(b"".join(bodies))
        found.add(_frames(path, keys.key(0).key.hex()))
    return found


def _frames(path: Path, key: str) -> int:
    command = [
        ffmpeg_path(),
        "-nostdin",
        "-v",
        "error",
        "-xerror",
        "-decryption_key",
        key,
        "-i",
        path,
        "-f",
        "framecrc",
    ]
    printed = subprocess.run([*command, "-"], check=True, capture_output=True, text=True).stdout
    return sum(not line.startswith("#") for line in printed.splitlines())


@pytest.mark.parametrize("scheme", [Encryption.CBCS, Encryption.CENC])
async def test_a_title_is_published_protected_and_everything_that_reads_it_still_works(
    scheme: Encryption, house: House, tmp_path: Path, eventually: Eventually
) -> None:
    await write_profile(house.store, ASSET, 1, profile(scheme))
    plan = await work(house, ASSET, eventually)
    assert plan.protection == Protection(scheme=scheme)
    assert set(await present(house.store, plan)) == expected(plan)
    keys = await house.parts.keys.of(plan)
    for rendition, number in expected(plan):
        body = await house.store.read(key_of(ASSET, rendition, number))
        made = await read_clear(house.store, plan, keys, rendition, number)
        assert made != body
        assert (b"sinf" in body) is (number is None)
        assert b"senc" not in made
    assert await frames_of(house, plan, tmp_path) == {SECONDS * 25}
    stills = await find_stills(house.store, ASSET, 1)
    assert stills is not None
    assert stills.candidates
    media = {stat.key async for stat in house.store.list(layout.media_prefix(ASSET))}
    assert layout.mpd(ASSET) in media
    assert any(key.endswith("iframes.m3u8") for key in media)
    assert not any("keys" in key for key in media), "nothing of them is public"


async def test_a_key_picture_is_decrypted_from_its_range_alone(
    house: House, tmp_path: Path, eventually: Eventually
) -> None:
    await write_profile(house.store, ASSET, 1, profile(Encryption.CBCS))
    plan = await work(house, ASSET, eventually)
    keys = await house.parts.keys.of(plan)
    assert keys is not None
    told = sizes.load(await house.store.read(layout.measured(ASSET, 1)))
    rendition, found = next((name, each.iframes) for name, each in told.renditions.items() if each.iframes)
    init, body = [await house.store.read(key_of(ASSET, rendition, number)) for number in (None, 1)]
    clear = [await read_clear(house.store, plan, keys, rendition, number) for number in (None, 1)]
    of_clear = fragments_of(clear[1])
    assert len(found[1]) == len(of_clear)
    for picture, fragment in zip(found[1], of_clear, strict=True):
        cut = init + body[picture.start : picture.start + picture.length]
        shown = _first_picture(cut, tmp_path, "-decryption_key", keys.key(0).key.hex())
        assert shown == _first_picture(clear[0] + fragment.body, tmp_path)


def _first_picture(body: bytes, folder: Path, *options: str) -> bytes:
    (folder / "picture.mp4").write_bytes(body)
    output = ("-frames:v", "1", "-pix_fmt", "gray", "-f", "rawvideo", "-")
    # Quiet: the samples behind the first are not there.
    command = [ffmpeg_path(), "-nostdin", "-v", "quiet", *options, "-i", folder / "picture.mp4", *output]
    shown = subprocess.run(command, check=True, capture_output=True).stdout
    assert shown
    return shown


async def test_a_clip_has_keys_of_its_own_for_what_it_takes_over(
    house: House, tmp_path: Path, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write_profile(house.store, ASSET, 1, profile(Encryption.CBCS))
    above = await work(house, ASSET, eventually)

    async def ordinary(*_: Any, **__: Any) -> None:
        raise AssertionError("nothing is left for the ordinary encode")

    monkeypatch.setattr(window_work, "encode_video", ordinary)
    origin = await find_source(house.store, ASSET, 1)
    assert origin is not None
    await write_source(house.store, CLIP, 1, origin)
    await write_profile(house.store, CLIP, 1, profile(Encryption.CBCS))
    await house.parts.keys.make(CLIP, 1)
    await write_plan(house.store, clip_of_frames(above, range(63, 210), asset=CLIP, version=1))
    plan = await work(house, CLIP, eventually)
    assert await frames_of(house, plan, tmp_path) == {147}


async def test_an_init_section_that_another_has_published_is_made_clear_again(house: House, plan: Plan) -> None:
    """Whoever makes a later segment need not have made it."""
    plan = replace(plan, protection=Protection(scheme=Encryption.CENC), asset=ASSET)
    keys = await house.parts.keys.of(plan)
    parts = {"plan": plan, "keys": keys, "store": house.store, "cache": house.memory, "board": house.parts.board}
    sound = plan.audio[0]
    init, body = _sound(plan)
    await Publisher(**parts)(sound.id, None, init)
    await Publisher(**parts)(sound.id, 3, body)
    assert await read_clear(house.store, plan, keys, sound.id, None) == init
    assert await read_clear(house.store, plan, keys, sound.id, 3) == body


async def test_nothing_is_published_in_the_clear_without_a_packager(
    house: House, plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHANNEL_PACKAGER", str(tmp_path / "none"))
    plan = replace(plan, protection=Protection(scheme=Encryption.CBCS), asset=ASSET)
    keys = await house.parts.keys.of(plan)
    publish = Publisher(
        plan=plan, keys=keys, store=house.store, cache=house.memory, board=house.parts.board, nice=lambda: 5
    )
    assert plan.video is not None
    rung = plan.video.rungs[0].id
    with pytest.raises(OutputBroken):
        await publish(rung, None, b"no init section")
    with pytest.raises((NotProtected, OutputBroken)):
        await publish(rung, 0, b"a segment")
    assert [stat async for stat in house.store.list(layout.media_prefix(ASSET))] == []


def _sound(plan: Plan) -> tuple[bytes, bytes]:
    track = plan.audio[0]
    frames = [bytes([n % 256] * 50) for n in range(track.cuts[4] - track.cuts[3])]
    return init_section(track), segment(track, 3, frames)
