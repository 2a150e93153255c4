"""The loudness of what is made, heard by ffmpeg's own meter: with real ffmpeg and Redis."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from anyio import to_thread

from infra.ports import Attempt, Level
from manifests import layout
from tests.transcoder.house import ASSET, House
from transcoder.describe import multivariant
from transcoder.errors import ChildFailed
from transcoder.facts import find_fixed_plan, find_gain, find_loudness, read_ready, write_profile
from transcoder.loudness import listen
from transcoder.loudness.verdict import Verdict
from transcoder.profile import Profile
from transcoder.publish import key_of
from transcoder.remaining import expected, present
from transcoder.tasks import dead
from transcoder.windows import Window, finish_task, index_task, loudness_task, run_task, window_task, windows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from infra.redis_cache import RedisCache
    from transcoder.plan import AudioPlan

    Eventually = Callable[..., Awaitable[None]]

TARGET = -16.0
_RISING = "volume='if(lt(t,17),0.1,0.5)':eval=frame:precision=float"
"""Quiet for 17 seconds, then loud: what is heard at the beginning says nothing."""


async def _sound(path: Path, ffmpeg: str, source: str, seconds: int, *options: str) -> bytes:
    argv = [ffmpeg, "-v", "error", "-f", "lavfi", "-i", source, "-t", str(seconds), *options, "-c:a", "pcm_s16le", path]
    await to_thread.run_sync(lambda: subprocess.run(argv, check=True))
    return path.read_bytes()


@pytest.fixture
def house(tmp_path: Path, cache: RedisCache) -> House:
    return House(tmp_path / "sources", cache=cache)


async def _heard(house: House, track: AudioPlan, folder: Path, ffmpeg: str) -> tuple[float, float]:
    """LUFS and dBTP of a finished rendition."""
    path = folder / "heard.mp4"
    names = [(track.id, number) for number in (None, *range(track.segments))]
    path.write_bytes(b"".join([await house.store.read(key_of(ASSET, *name)) for name in names]))
    argv = [ffmpeg, "-hide_banner", "-nostats", "-i", path, "-af", "ebur128=peak=true", "-f", "null", "-"]
    ran = await to_thread.run_sync(lambda: subprocess.run(argv, check=True, capture_output=True))
    said = ran.stderr.decode().rpartition("Summary:")[2]
    loudness, peak = re.search(r"I:\s+(\S+) LUFS", said), re.search(r"Peak:\s+(\S+) dBFS", said)
    assert loudness is not None
    assert peak is not None
    return float(loudness[1]), float(peak[1])


def _of_sound(plan_windows: tuple[Window, ...]) -> list[Window]:
    return [window for window in plan_windows if window.track.startswith("a")]


async def _made(house: House) -> None:
    """All that the engine would do, one after the other."""
    await house.handle(index_task(ASSET, 1))
    for window in windows(await house.plan()):
        await house.handle(window_task(ASSET, 1, window, Level.FIRST))
    await house.handle(loudness_task(ASSET, 1))
    for window in windows(await house.plan()):
        await house.handle(window_task(ASSET, 1, window, Level.FIRST))
    await house.handle(finish_task(ASSET, 1))
    assert await house.ready()


@pytest.mark.parametrize(
    ("source", "options"),
    [
        pytest.param("anoisesrc=c=pink:a=0.1:seed=1:r=48000", ("-ac", "2"), id="noise in stereo"),
        pytest.param("sine=440:r=44100,volume=-15dB", ("-ac", "1"), id="a mono tone at 44.1 kHz"),
        # Loud bursts over a quiet bed: most of the loudness is in what the limiter takes.
        pytest.param(
            "anoisesrc=c=pink:a=0.9:seed=1:r=48000,volume='if(lt(mod(t,1),0.1),1,0.03)':eval=frame:precision=float",
            ("-ac", "2"), id="bursts",
        ),
        pytest.param("anoisesrc=c=pink:a=0.2:seed=1:r=48000", ("-af", "aformat=channel_layouts=5.1"), id="5.1"),
    ],
)  # fmt: skip
async def test_every_rendition_is_at_the_target(
    source: str, options: tuple[str, ...], house: House, tmp_path: Path, ffmpeg: str
) -> None:
    await house.upload(await _sound(tmp_path / "s.wav", ffmpeg, source, 12, *options))
    await _made(house)
    for track in (await house.plan()).audio:
        loudness, peak = await _heard(house, track, tmp_path, ffmpeg)
        assert loudness == pytest.approx(TARGET, abs=1), track.id
        assert peak <= -1


@pytest.mark.parametrize(
    "name",
    [
        "real/androidx_london_rooftop_360p30_aac.mp4",  # -38 LUFS
        "real/flutter_butterfly_720p30_aac.mp4",  # raised so far that its peaks are limited
        "odd/x_clipped_44100_audio.mp4",  # a clipped tone, +9 dBTP
        "odd/mb_multiple-aac-tracks.mp4",  # two tracks of 5.1
    ],
)
async def test_real_sound_is_at_the_target(name: str, house: House, media: Path, tmp_path: Path, ffmpeg: str) -> None:
    await house.upload((media / name).read_bytes())
    await house.handle(index_task(ASSET, 1))
    await house.handle(loudness_task(ASSET, 1))
    for track in (await house.plan()).audio:
        every = Window(track=track.id, first=0, count=track.segments)
        await house.handle(window_task(ASSET, 1, every, Level.BULK))
        loudness, peak = await _heard(house, track, tmp_path, ffmpeg)
        assert loudness == pytest.approx(TARGET, abs=1), track.id
        assert peak <= -1


async def test_silence_stays_silence(house: House, tmp_path: Path, ffmpeg: str) -> None:
    await house.upload(await _sound(tmp_path / "s.wav", ffmpeg, "anoisesrc=c=pink:a=0.0005:r=48000", 5))
    await _made(house)
    gain = await find_gain(house.store, ASSET, 1, (await house.plan()).audio[0].id)
    assert gain is not None
    assert gain.db == 0


async def test_less_than_a_block_has_no_loudness(house: House, tmp_path: Path, ffmpeg: str) -> None:
    await house.upload(await _sound(tmp_path / "s.wav", ffmpeg, "sine=d=0.2:r=48000", 1))
    await _made(house)


async def test_without_a_target_the_sound_stays_as_it_is(house: House, tmp_path: Path, ffmpeg: str) -> None:
    await write_profile(house.store, ASSET, 1, Profile(loudness=None))
    await house.upload(await _sound(tmp_path / "s.wav", ffmpeg, "sine=440:r=48000,volume=-20dB", 5, "-ac", "2"))
    await _made(house)
    (track,) = (await house.plan()).audio
    assert (await _heard(house, track, tmp_path, ffmpeg))[0] < -35
    assert await find_loudness(house.store, ASSET, 1) is None
    assert f"{ASSET}/1/loudness" not in await house.jobs.pending(ASSET)


async def test_sound_that_was_begun_too_loud_is_made_again(
    house: House, tmp_path: Path, ffmpeg: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if all but the beginning had to be fetched first.
    monkeypatch.setattr(listen, "SMALL", -1)
    noise = f"anoisesrc=c=pink:a=0.9:seed=1:r=48000,{_RISING}"
    await house.upload(await _sound(tmp_path / "s.wav", ffmpeg, noise, 40, "-ac", "2"))
    await house.handle(index_task(ASSET, 1))
    first = _of_sound(windows(await house.plan()))
    (old,) = (await house.plan()).audio
    await house.handle(window_task(ASSET, 1, first[0], Level.INDEX))
    made = {number: await house.store.read(key_of(ASSET, old.id, number)) for number in first[0].numbers}
    await house.handle(loudness_task(ASSET, 1))

    (new,) = (await house.plan()).audio
    verdict = await find_loudness(house.store, ASSET, 1)
    assert verdict is not None
    assert [(track.rendition, track.renewed) for track in verdict.tracks] == [(old.id, "a1n-1")]
    assert new.id == "a1n-1"
    assert await find_fixed_plan(house.store, ASSET, 1) != await house.plan()

    # Somebody plays the first one: he goes on, as loud as before; what he has heard is not touched.
    await house.handle(run_task(ASSET, 1, old.id, first[0].numbers.stop, Level.JUST_IN_TIME))
    assert await house.store.head(key_of(ASSET, old.id, first[0].numbers.stop)) is not None
    for number, body in made.items():
        assert await house.store.read(key_of(ASSET, old.id, number)) == body

    # A worker dies in the middle of it: whoever comes next makes the rest.
    again = _of_sound(windows(await house.plan()))
    await house.handle(window_task(ASSET, 1, again[0], Level.BULK))
    await house.handle(finish_task(ASSET, 1))
    assert not await house.ready(), "some of it is missing"
    await house.handle(loudness_task(ASSET, 1))
    for window in again[1:]:
        await house.handle(window_task(ASSET, 1, window, Level.BULK))
    await house.handle(finish_task(ASSET, 1))
    assert await house.ready()
    assert set(await present(house.store, await house.plan())) == expected(await house.plan())
    assert (await _heard(house, new, tmp_path, ffmpeg))[0] == pytest.approx(TARGET, abs=1)
    listed = {track.uri for track in multivariant(await house.plan(), None, uri_of=str).renditions}
    assert listed == {layout.media_playlist(ASSET, new.id)}


async def test_sound_that_cannot_be_measured_stays_as_it_is_made(house: House, tmp_path: Path, ffmpeg: str) -> None:
    await house.upload(await _sound(tmp_path / "s.wav", ffmpeg, "sine=440:r=48000", 5, "-ac", "2"))
    await house.handle(index_task(ASSET, 1))
    (track,) = (await house.plan()).audio
    for window in windows(await house.plan()):
        await house.handle(window_task(ASSET, 1, window, Level.FIRST))
    await dead(house.parts, Attempt(task=loudness_task(ASSET, 1), number=5, last=True), ChildFailed("a broken pipe"))
    verdict = await find_loudness(house.store, ASSET, 1)
    assert verdict == Verdict(target=TARGET, tracks=(), note="a broken pipe")
    assert (await house.plan()).audio == (track,)
    await house.handle(finish_task(ASSET, 1))
    assert await house.ready()
    assert not await house.failed()


async def test_the_finish_waits_for_the_verdict(
    house: House, tmp_path: Path, ffmpeg: str, eventually: Eventually
) -> None:
    await house.upload(await _sound(tmp_path / "s.wav", ffmpeg, "sine=440:r=48000", 5, "-ac", "2"))
    await house.handle(index_task(ASSET, 1))
    await house.jobs.cancel(ASSET)
    for window in windows(await house.plan()):
        await house.handle(window_task(ASSET, 1, window, Level.FIRST))
    await house.jobs.cancel(ASSET)
    await house.handle(finish_task(ASSET, 1))
    assert not await house.ready()
    assert await house.jobs.pending(ASSET) == {f"{ASSET}/1/loudness"}
    async with house.working():
        await eventually(house.ready)
    ready = await read_ready(house.store, ASSET, 1)
    assert ready is not None
    assert ready.objects == len(expected(await house.plan()))
