from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING

import pytest

from manifests.layout import ChannelId
from tests.transcoder.live import feeds
from tests.transcoder.live.taken import Taken
from transcoder.encoder_settings import EncoderSettings
from transcoder.ffmpeg import telling
from transcoder.fragments import fragments_of
from transcoder.live.argv import origin_of
from transcoder.live.arrivals import Arrivals
from transcoder.live.errors import EncoderDied, FeedBroken
from transcoder.live.event import LiveEvent, plan_event
from transcoder.live.opening import read_opening
from transcoder.live.run import Run
from transcoder.live.timing.keeper import Timekeeper
from transcoder.live.timing.restamper import restamper

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transcoder.ffmpeg import Child

SETTINGS = EncoderSettings(preset="superfast", threads=1)


def clock() -> int:
    return time.time_ns() // 1_000_000


async def encode(
    arrivals: Arrivals, *, demuxer: str = "flv", now: Callable[[], int] = clock, dense: bool = False
) -> tuple[LiveEvent, Taken]:
    opening = await read_opening(arrivals, demuxer=demuxer)
    event = plan_event(ChannelId("arena"), 1, opening, feeds.SMALL, long_parts=False)
    taken = Taken()
    run = Run(
        event=event, opening=opening, origin=origin_of(event, opening.anchor), dense=dense, demuxer=demuxer,
        settings=SETTINGS, clock=now,
    )  # fmt: skip
    await run.encode(arrivals, taken)
    return event, taken


def check(event: LiveEvent, taken: Taken) -> None:
    """Every part of every rendition is exactly where the grid has it."""
    assert set(taken.parts) == set(event.renditions)
    for rendition, parts in taken.parts.items():
        track = event.track(rendition)
        assert parts[0].start % track.segment == 0
        assert parts[0].independent
        for part, following in itertools.pairwise(parts):
            assert part.duration == track.part
            assert part.start + part.duration == following.start
            assert part.msn == part.start // track.segment
            assert part.last is (following.msn != part.msn)
        for part in parts:
            (found,) = fragments_of(part.body)
            assert (found.decode_time, found.duration, found.sync) == (part.start, part.duration, part.independent)
        if rendition != event.sound.id:
            on_gops = [part.start % (track.part * event.grid.parts_of_gop) == 0 for part in parts]
            assert [part.independent for part in parts] == on_gops
    lengths = {
        (parts[-1].start + parts[-1].duration - parts[0].start) / event.track(rendition).timescale
        for rendition, parts in taken.parts.items()
    }
    assert max(lengths) - min(lengths) < 1.5 * event.grid.part_s


@pytest.mark.parametrize(("rate", "demuxer"), [(25, "flv"), (30, "mpegts"), (50, "flv")])
async def test_parts_are_exact_in_every_rendition(ffmpeg: str, rate: int, demuxer: str) -> None:
    async with feeds.publishing(ffmpeg, clock, seconds=3, rate=rate, demuxer=demuxer) as arrivals:
        event, taken = await encode(arrivals, demuxer=demuxer)
    assert event.grid.rate == rate
    check(event, taken)
    assert len(taken.parts[event.rungs[0].id]) > 4


async def test_a_feed_without_sound_is_given_silence(ffmpeg: str, tmp_path: Path) -> None:
    async with feeds.publishing(ffmpeg, clock, seconds=2, sound=False) as arrivals:
        event, taken = await encode(arrivals)
    check(event, taken)
    heard = tmp_path / "sound.mp4"
    sound = event.sound.id
    heard.write_bytes(taken.inits[sound] + b"".join(part.body for part in taken.parts[sound]))
    decoding = await asyncio.create_subprocess_exec(
        ffmpeg, "-v", "error", "-i", str(heard), "-f", "s16le", "-", stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    samples, said = await decoding.communicate()
    assert (said, set(samples)) == (b"", {0})


async def test_a_dense_run_has_a_key_picture_at_every_part_and_the_same_init_sections(ffmpeg: str) -> None:
    made = []
    for dense in (False, True):
        async with feeds.publishing(ffmpeg, clock, seconds=1.5) as arrivals:
            made.append((await encode(arrivals, dense=dense))[1])
    assert made[0].inits == made[1].inits
    assert all(part.independent for parts in made[1].parts.values() for part in parts)
    assert not all(part.independent for parts in made[0].parts.values() for part in parts)


async def test_a_clock_that_runs_away_ends_the_run(ffmpeg: str) -> None:
    async with feeds.publishing(ffmpeg, clock, seconds=20) as arrivals:
        begun = clock()
        with pytest.raises(FeedBroken, match="keep up") as broken:
            await encode(arrivals, now=lambda: clock() + 60_000 if clock() > begun + 1500 else clock())
    assert broken.value.code == "too_slow"


async def test_an_encoder_that_is_killed_before_it_has_shown_anything_says_so(ffmpeg: str) -> None:
    def started(child: Child) -> None:
        if "pipe:0" in child.argv:
            child.kill()

    async with feeds.publishing(ffmpeg, clock, seconds=20, size="64x36") as arrivals:
        with telling(started), pytest.raises(EncoderDied, match="signal 9") as died:
            await encode(arrivals)
    assert not died.value.delivered


async def test_an_encoder_that_ends_well_before_its_stream_does_has_died_all_the_same(ffmpeg: str) -> None:
    options = ("-movflags", "+frag_keyframe+empty_moov+default_base_moof")
    whole, stream = Arrivals(clock), b""
    async with feeds.publishing(ffmpeg, clock, seconds=2, size="64x36", demuxer="mp4", options=options) as arrivals:
        stream = b"".join([piece async for piece in arrivals.replay(last=True)])
    await whole.put(stream + b"\0\0\0\4moof")  # a box shorter than its header: an end of the file to ffmpeg
    with pytest.raises(EncoderDied, match="before the stream") as died:
        await encode(whole, demuxer="mp4")
    assert died.value.delivered


async def test_an_encoder_that_is_started_again_does_not_end_the_run(ffmpeg: str) -> None:
    keeper, arrivals = Timekeeper(), Arrivals(clock)
    moving = restamper("mpegts", keeper)

    async def send() -> None:
        for begins in ("7200", "0"):  # the clock goes back by two hours, on one connection
            options = ("-output_ts_offset", begins)
            async with feeds.publishing(ffmpeg, clock, seconds=2, demuxer="mpegts", options=options) as sent:
                async for piece in sent.replay(last=True):
                    await arrivals.put(moving.feed(piece, clock()))
        arrivals.end()

    sending = asyncio.create_task(send())
    opening = await read_opening(arrivals, demuxer="mpegts")
    event = plan_event(ChannelId("arena"), 1, opening, feeds.SMALL, long_parts=False)
    origin, taken = origin_of(event, opening.anchor), Taken()
    keeper.settle(start=opening.start, anchor=opening.anchor, phase=origin.phase, rate=event.grid.rate)
    run = Run(event=event, opening=opening, origin=origin, demuxer="mpegts", settings=SETTINGS, clock=clock)
    await run.encode(arrivals, taken)
    await sending
    check(event, taken)
    track, parts = event.grid.video(), taken.parts[event.rungs[0].id]
    assert parts[-1].start + parts[-1].duration - parts[0].start > 3 * track.timescale
    assert keeper.moved > 7_000_000_000


async def test_garbage_inside_a_feed_ends_it_or_does_not_but_what_came_is_exact(ffmpeg: str) -> None:
    async with feeds.publishing(ffmpeg, clock, seconds=2) as arrivals:
        original, count = arrivals.put, 0

        async def put(piece: bytes) -> None:
            nonlocal count
            count += 1
            await original(piece if count < 20 or count % 7 else bytes(len(piece)))

        arrivals.put = put  # type: ignore[method-assign]
        try:
            event, taken = await encode(arrivals)
        except FeedBroken:
            return
    for rendition, parts in taken.parts.items():
        assert all(part.duration <= event.track(rendition).part for part in parts)
