"""The worker process: settings → parts → the job engine's worker, until SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from infra.errors import InfraError
from infra.jobs import StreaqEngine, StreaqWorker
from infra.local.preflight import require_program
from infra.logs import configure
from infra.metrics import expose
from infra.redis_cache import RedisCache
from infra.s3 import S3Store
from infra.settings import InfraSettings
from infra.tasks import end
from transcoder.encoder_settings import EncoderSettings
from transcoder.encryption.key_store import KeyStore
from transcoder.ffmpeg import ffmpeg_path
from transcoder.parts import TranscoderParts
from transcoder.processor import Processor
from transcoder.progress import ProgressBoard
from transcoder.sandbox import keep_to_ourselves
from transcoder.sandbox_cage import Cage
from transcoder.sandbox_choice import in_force
from transcoder.scratch import scratch
from transcoder.settings import TranscoderSettings
from transcoder.sources.source import Sources
from transcoder.tasks import dead, handlers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

log = logging.getLogger(__name__)

_TIDIED_S: Final = 60.0


BEHIND_LIVE: Final = 4
"""Niceness of a worker and of all that it starts, beside that which they have among themselves: nothing that is made of
files may make a part of a channel late."""


def worker_main(env: Mapping[str, str]) -> None:
    """Run a worker until SIGTERM or SIGINT. Raises SettingsError, and CannotStart without an ffmpeg."""
    require_program(ffmpeg_path(), "CHANNEL_FFMPEG")
    os.nice(BEHIND_LIVE)
    keep_to_ourselves()
    cage = in_force()
    infra, settings, encoder = (
        InfraSettings.from_env(env), TranscoderSettings.from_env(env), EncoderSettings.from_env(env)
    )  # fmt: skip
    configure(level=infra.log_level, style=infra.log_format)
    log.log(logging.WARNING if cage is Cage.PLAIN else logging.INFO, "the cage is ready", extra={"cage": cage.value})
    if settings.metrics_port:
        expose(host=settings.metrics_host, port=settings.metrics_port)
    with scratch(infra.home / "scratch"):
        asyncio.run(run_worker(infra, settings, encoder))


async def run_worker(infra: InfraSettings, settings: TranscoderSettings, encoder: EncoderSettings) -> None:
    """Work until SIGTERM; what runs then goes back into the queue, and its ffmpeg processes end.

    Nothing has to be reachable yet: Redis is waited for, and a store that does not answer puts tasks off.
    """
    async with open_parts(infra, settings, encoder) as parts:
        worker = StreaqWorker(
            redis_url=infra.redis_url,
            handlers=handlers(parts),
            on_dead=partial(dead, parts),
            bulk_slots=settings.bulk_slots,
            first_slots=settings.first_slots,
            index_slots=settings.index_slots,
            urgent_slots=settings.urgent_slots,
            arriving_slots=settings.arriving_slots,
            max_tries=settings.max_tries,
            idle_timeout=settings.lease,
        )
        log.info(
            "working",
            extra={
                "slots": settings.bulk_slots,
                "first_slots": settings.first_slots,
                "index_slots": settings.index_slots,
                "urgent_slots": settings.urgent_slots,
                "arriving_slots": settings.arriving_slots,
            },
        )
        tidying = asyncio.create_task(_keep_tidy(parts.sources))
        try:
            await worker.run()
        finally:
            await end(tidying)
        log.info("stopped")


async def _keep_tidy(sources: Sources) -> None:
    """Sources of deleted assets do not stay on this machine, even if it has room."""
    while True:
        await asyncio.sleep(_TIDIED_S)
        try:
            await sources.tidy()
        except InfraError as exc:
            log.warning("sources that are gone may still lie here", extra={"cause": str(exc)})


@asynccontextmanager
async def open_parts(
    infra: InfraSettings, settings: TranscoderSettings, encoder: EncoderSettings
) -> AsyncIterator[TranscoderParts]:
    """The parts of a worker, closed in the end."""
    async with AsyncExitStack() as closing:
        store = S3Store(infra.s3)
        closing.push_async_callback(store.aclose)
        cache = RedisCache(infra.redis_url)
        closing.push_async_callback(cache.aclose)
        jobs = StreaqEngine(infra.redis_url)
        closing.push_async_callback(jobs.close)
        yield TranscoderParts(
            settings=settings,
            encoder=encoder,
            store=store,
            cache=cache,
            jobs=jobs,
            sources=Sources(
                settings.source_folder or infra.home / "sources",
                store=store,
                cache=cache,
                max_bytes=settings.source_bytes,
                reserve_bytes=settings.source_reserve_bytes,
            ),
            board=ProgressBoard(store=store, cache=cache),
            processor=Processor(cores=os.cpu_count() or 1),
            keys=KeyStore(store, settings.encryption.wrapping()),
        )
