"""The live process: the ways in, and all that is made of what comes through them. One holds every channel's feed.

It may be killed at any moment. What it has told Redis is where the next one goes on, and publishers come again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

from infra.local.preflight import require_program
from infra.logs import configure
from infra.metrics import expose
from infra.s3 import S3Store
from infra.tasks import end
from streaming.live.channels.model import RUNNING
from streaming.live.channels.service import Channels
from streaming.live.ingest.gate import Gate
from streaming.live.ingest.http.server import serve_http
from streaming.live.ingest.revocation import RevocableFeeds
from streaming.live.ingest.rtmp.server import RtmpServer
from streaming.live.ingest.settings import IngestSettings
from streaming.live.ingest.srt import SrtServer
from streaming.live.keys.service import StreamKeys
from streaming.live.lease import active
from streaming.live.schedule import keep_schedule
from streaming.live.shows import Shows
from streaming.live.timeline.scte35.desk import SpliceDesk
from streaming.live.timeline.service import Timelines
from streaming.live.timeline.tending import tend_timelines
from streaming.live.viewing.service import now_ms
from streaming.profiles.folder import ProfileFolder
from streaming.services import connect
from streaming.settings import ServiceSettings
from transcoder.encoder_settings import EncoderSettings
from transcoder.ffmpeg import ffmpeg_path
from transcoder.live.settings import LiveSettings
from transcoder.sandbox import keep_to_ourselves
from transcoder.sandbox_choice import in_force
from transcoder.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping, Sequence
    from pathlib import Path

    from streaming.live.keys.model import StreamKey
    from transcoder.live.fence import Fence

log: Final = logging.getLogger("channel.live")

_CLEAN_UP_S: Final = 6.0
"""What those that are ended have to say their last words (`Show.aclose`), before they are asked again."""


def live_main(env: Mapping[str, str]) -> None:
    """Run until SIGTERM or SIGINT. Raises SettingsError, and CannotStart without an ffmpeg."""
    require_program(ffmpeg_path(), "CHANNEL_FFMPEG")
    keep_to_ourselves()
    settings, live, ingest = ServiceSettings.from_env(env), LiveSettings.from_env(env), IngestSettings.from_env(env)
    configure(level=settings.infra.log_level, style=settings.infra.log_format)
    log.info("the cage is ready", extra={"cage": in_force().value})
    if live.metrics_port:
        expose(host=live.metrics_host, port=live.metrics_port)
    with scratch(settings.infra.home / "scratch"):
        asyncio.run(run_live(settings, live, ingest, encoder=EncoderSettings.from_env(env)))


async def run_live(
    settings: ServiceSettings, live: LiveSettings, ingest: IngestSettings, *, encoder: EncoderSettings
) -> None:
    """Take publishers until SIGTERM; while another live process is active, stand by, with no port open."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    # The queue into the bucket tries again by itself: a request that fails is over, and holds no thread.
    infra, close = connect(settings, store=S3Store(settings.infra.s3, tries=1))
    try:
        async with active(infra.cache, ttl=live.lease, home=settings.infra.home, stopped=stopped) as fence:
            if fence is not None:
                timelines = Timelines(sql=infra.sql, cache=infra.cache, classes=settings.timeline_class)
                desk = SpliceDesk(timelines, clock=now_ms)
                shows = Shows(
                    channels=Channels(sql=infra.sql, cache=infra.cache),
                    profiles=ProfileFolder(settings.profiles_folder), cache=infra.cache, store=infra.store,
                    encoder=live.encoder(encoder), capacity=live.capacity, clock=now_ms, fence=fence,
                    hear=desk.hear, journals=settings.infra.home / "live" if fence.owns_home else None,
                )  # fmt: skip
                beside = (tend_timelines(timelines, shows.channels, desk), desk.run())
                await _take(shows, StreamKeys(sql=infra.sql), beside, ingest, settings.infra.home, stopped)
    finally:
        await close()
    log.info("stopped")


async def _take(
    shows: Shows, keys: StreamKeys, beside: Iterable[Coroutine[Any, Any, None]], ingest: IngestSettings, home: Path,
    stopped: asyncio.Event,
) -> None:  # fmt: skip
    running = [
        asyncio.create_task(shows.run(), name="all channels"),
        asyncio.create_task(keep_schedule(shows.channels), name="the schedule"),
        *map(asyncio.create_task, beside),
    ]
    if shows.fence is not None:
        running.append(asyncio.create_task(_leave_at_once(shows.fence)))
    gate, feeds = Gate(keys, door=shows.door), RevocableFeeds(shows, keys)

    async def listened() -> Sequence[StreamKey]:
        return await keys.listened([each.id for each in await shows.channels.list() if each.state in RUNNING])

    try:
        async with AsyncExitStack() as ways:
            if ingest.rtmp.port:
                server = RtmpServer(gate=gate, feeds=feeds, settings=ingest.rtmp)
                log.info("taking publishers by RTMP", extra={"port": await ways.enter_async_context(server.serving())})
            if ingest.http.port:
                await ways.enter_async_context(serve_http(gate=gate, feeds=feeds, settings=ingest.http))
                log.info("taking publishers by HTTP", extra={"port": ingest.http.port})
            if ingest.srt.pool:
                srt = SrtServer(
                    feeds=feeds, wanted=listened, pepper=ingest.pepper(home), settings=ingest.srt, door=shows.door
                )  # fmt: skip
                await ways.enter_async_context(srt.serving())
                log.info("taking publishers by SRT", extra={"ports": ingest.srt.ports})
            await until_stopped(stopped, running)
    finally:
        await end(*running, again_s=_CLEAN_UP_S)


async def until_stopped(stopped: asyncio.Event, running: Iterable[asyncio.Task[None]]) -> None:
    """Wait for the order to stop. Raises what one of those raised that are to run until then: without it the process is
    there and does nothing, so it has to end, and be started again."""
    waiting = asyncio.create_task(stopped.wait())
    try:
        done, _ = await asyncio.wait([waiting, *running], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {waiting}:
            log.critical("%s has ended: so does the live process", task.get_name())
            await task
            raise RuntimeError(f"{task.get_name()} has ended")
    finally:
        await end(waiting)


async def _leave_at_once(fence: Fence) -> None:
    """A process that another one has taken the place of ends as one that is killed: all that it would still say, to
    Redis, to SQL or to the bucket, is not true any more."""
    await fence.superseded.wait()
    log.critical("another live process is active: this one ends")
    os._exit(os.EX_TEMPFAIL)
