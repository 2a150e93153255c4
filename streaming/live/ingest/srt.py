"""SRT: a listener for each stream key that may be used, made of ffmpeg, which carries libsrt.

The child is in the cage of all children, but for a UDP socket. It reads no media: what libsrt gives it is written to
us as it is (the demuxer "data" takes bytes for bytes). The passphrase is checked by libsrt in the handshake, before
anything is sent. One publisher at a time: when he leaves, the child ends, and the next one listens.
"""

from __future__ import annotations

import asyncio
import logging
import math
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from infra.errors import InfraError
from infra.tasks import end
from streaming.live.ingest.errors import FeedClosed, NotTaken
from streaming.live.ingest.metrics import PUBLISHING, RECEIVED, REFUSED
from streaming.live.ingest.publisher import Container, Publisher, Way
from streaming.live.keys.model import srt_passphrase
from transcoder.errors import TranscodeError
from transcoder.ffmpeg import Limits, ffmpeg_path, spawn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from streaming.live.ingest.publisher import Feeds, Sink
    from streaming.live.ingest.settings import SrtSettings
    from streaming.live.ingest.turned_away import Door
    from streaming.live.keys.model import StreamKey
    from transcoder.ffmpeg import Child

log: Final = logging.getLogger("channel.ingest.srt")

_READ: Final = 64 << 10
_LOOK_S: Final = 2.0
_AGAIN_S: Final = 1.0
_HEAR_S: Final = 1.0
_WRONG_PASSPHRASE: Final = ("rsp(REJECT): 1010", "rsp(REJECT): 1011")
"""What libsrt writes, with the time before it: SRT_REJ_BADSECRET and SRT_REJ_UNSECURE (srt.h), and 1000."""
_SILENCE_US: Final = 10_000_000
_LIMITS: Final = Limits(wall_s=math.inf, cpu_s=1 << 30, memory_bytes=256 << 20)
"""Somebody may come after a week, and publish for another: libsrt itself leaves those that send nothing."""


def srt_argv(*, host: str, port: int, passphrase: str, latency_us: int) -> list[str]:
    """The command of a listener. libsrt refuses passphrases of less than 10 characters, and peers that have another."""
    query = urlencode(
        {
            "mode": "listener", "transtype": "live", "latency": latency_us, "passphrase": passphrase, "pbkeylen": 16,
            "enforced_encryption": 1, "timeout": _SILENCE_US,
        }
    )  # fmt: skip
    address = f"[{host}]" if ":" in host else host
    return [
        *(ffmpeg_path(), "-hide_banner", "-nostats", "-loglevel", "error", "-nostdin"),
        *("-protocol_whitelist", "srt", "-probesize", "32", "-fflags", "nobuffer"),
        *("-f", "data", "-i", f"srt://{address}:{port}?{query}"),
        *("-map", "0", "-c", "copy", "-flush_packets", "1", "-f", "data", "pipe:1"),
    ]


class SrtServer:
    """Listeners for whatever keys `wanted` names; asked again every two seconds, and whenever `look` is called."""

    def __init__(
        self,
        *,
        feeds: Feeds,
        wanted: Callable[[], Awaitable[Sequence[StreamKey]]],
        pepper: bytes,
        settings: SrtSettings,
        door: Door | None = None,
    ) -> None:
        """`door` is told of who has the wrong passphrase."""
        self._door = door
        self._feeds = feeds
        self._wanted = wanted
        self._pepper = pepper
        self._settings = settings
        self._listeners: dict[str, asyncio.Task[None]] = {}
        self._publishing: set[str] = set()
        self._look = asyncio.Event()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Listen while the body runs."""
        following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            await end(following)
            await end(*self._listeners.values())

    def look(self) -> None:
        """A key was made or revoked, or a channel was started or stopped."""
        self._look.set()

    async def _follow(self) -> None:
        while True:
            try:
                keys = {key.id: key for key in await self._wanted()}
            except InfraError as exc:
                log.warning("the keys of SRT cannot be looked up: %s", exc)
            else:
                # Who publishes goes on when a newer key has taken over; if his was revoked, his feed puts him out.
                over = self._listeners.keys() - keys.keys() - self._publishing
                await end(*[self._listeners.pop(key_id) for key_id in over])
                for key_id in keys.keys() - self._listeners.keys():
                    self._listeners[key_id] = asyncio.create_task(self._keep(keys[key_id]))
            self._look.clear()
            try:
                async with asyncio.timeout(_LOOK_S):
                    await self._look.wait()
            except TimeoutError:
                continue

    async def _keep(self, key: StreamKey) -> None:
        """One publisher after the other."""
        while True:
            try:
                await self._listen(key)
            except (TranscodeError, OSError) as exc:
                log.warning("the SRT listener of %s (%s) ended: %s", key.channel, key.place, exc)
                await asyncio.sleep(_AGAIN_S)
            except NotTaken as exc:
                REFUSED.labels(Way.SRT, "not_taken").inc()
                log.info("nobody takes %s (%s): %s", key.channel, key.place, exc)
                await asyncio.sleep(_AGAIN_S)
            except FeedClosed as exc:
                log.info("%s (%s) is put out: %s", key.channel, key.place, exc)
                await asyncio.sleep(_AGAIN_S)
            except Exception:
                log.exception("the SRT listener of %s (%s) failed", key.channel, key.place)
                await asyncio.sleep(_AGAIN_S)

    async def _listen(self, key: StreamKey) -> None:
        argv = srt_argv(
            host=self._settings.host,
            port=key.srt_port or 0,
            passphrase=srt_passphrase(key.id, pepper=self._pepper),
            latency_us=round(self._settings.latency.total_seconds() * 1_000_000),
        )
        publisher = Publisher(
            channel=key.channel, place=key.place, key_id=key.id, way=Way.SRT, address="", container=Container.MPEG_TS
        )
        with tempfile.TemporaryDirectory(prefix="srt-") as cwd:
            async with spawn(argv, limits=_LIMITS, cwd=Path(cwd), datagrams=True) as child:
                hearing = asyncio.create_task(self._hear(child, key))
                try:
                    first = await child.stdout.read(_READ)
                finally:
                    await end(hearing)
                if first:
                    async with self._feeds.open(publisher) as sink:
                        await self._publication(key, first, child.stdout, sink)

    async def _hear(self, child: Child, key: StreamKey) -> None:
        """libsrt refuses in the child, and says so there; of whom it does not say."""
        last = ""
        while True:
            await asyncio.sleep(_HEAR_S)
            refused = [line for line in child.stderr.splitlines() if any(each in line for each in _WRONG_PASSPHRASE)]
            new = refused[refused.index(last) + 1 :] if last in refused else refused
            if new:
                last = new[-1]
                log.info("publishers of %s (%s) had another passphrase", key.channel, key.place)
            for _ in new:
                REFUSED.labels(Way.SRT, "wrong_key").inc()
                if self._door is not None:
                    self._door.turned_away(Way.SRT, channel=key.channel)

    async def _publication(self, key: StreamKey, first: bytes, reader: asyncio.StreamReader, sink: Sink) -> None:
        log.info("somebody publishes %s (%s) by SRT", key.channel, key.place)
        received = RECEIVED.labels(Way.SRT)
        PUBLISHING.labels(Way.SRT).inc()
        self._publishing.add(key.id)
        try:
            body = first
            while body:
                received.inc(len(body))
                await sink.write(body)
                body = await reader.read(_READ)
        finally:
            self._publishing.discard(key.id)
            PUBLISHING.labels(Way.SRT).dec()
            log.info("nobody publishes %s (%s) by SRT any more", key.channel, key.place)
