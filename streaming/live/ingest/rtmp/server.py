"""The RTMP server: sockets around `Session`. A connection costs a task and, until its key is good, some 64 KiB."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from infra.errors import InfraError
from infra.tasks import end
from streaming.live.ingest.errors import FeedClosed, NotTaken, ProtocolFault, Refused
from streaming.live.ingest.metrics import PUBLISHING, RECEIVED, REFUSED
from streaming.live.ingest.path import APP, KeyPath
from streaming.live.ingest.publisher import Container, Publisher, Way
from streaming.live.ingest.rtmp.handshake import NONCE
from streaming.live.ingest.rtmp.session import AskedToPublish, Ended, Media, Session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from streaming.live.ingest.gate import Gate
    from streaming.live.ingest.publisher import Feeds, Sink
    from streaming.live.ingest.settings import RtmpSettings

log: Final = logging.getLogger("channel.ingest.rtmp")

_READ: Final = 64 << 10
_FAREWELL_S: Final = 2.0


class RtmpServer:
    """Lets publishers in by their stream key: rtmp://host/live/KEY, or rtmp://host/live/CHANNEL/KEY."""

    def __init__(self, *, gate: Gate, feeds: Feeds, settings: RtmpSettings) -> None:
        self._gate = gate
        self._feeds = feeds
        self._settings = settings
        self._tasks: set[asyncio.Task[None]] = set()
        self._of_address: Counter[str] = Counter()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        """Listen while the body runs; yields the port. Leaving it closes every connection."""
        server = await asyncio.start_server(
            self._began, self._settings.host, self._settings.port, limit=_READ, backlog=256
        )  # fmt: skip
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            while self._tasks:  # one may still come that the kernel had taken before
                await end(*self._tasks)

    def _began(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._came(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = str((writer.get_extra_info("peername") or ("unknown",))[0])
        self._of_address[address] += 1
        try:
            if len(self._tasks) > self._settings.connections or (
                self._of_address[address] > self._settings.connections_of_address
            ):
                REFUSED.labels(Way.RTMP, "full").inc()
                return
            await self._connection(reader, writer, address)
        except (ConnectionError, TimeoutError) as exc:
            log.info("a publisher at %s is gone: %s", address, exc or "it sent nothing for too long")
        except ProtocolFault as exc:
            REFUSED.labels(Way.RTMP, "fault").inc()
            log.info("closed the connection of %s: %s", address, exc)
        except Exception:
            log.exception("the connection of %s failed", address)
        finally:
            self._of_address -= Counter({address: 1})
            writer.close()
            try:
                with suppress(ConnectionError, TimeoutError):
                    async with asyncio.timeout(_FAREWELL_S):
                        await writer.wait_closed()
            finally:
                writer.transport.abort()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str) -> None:
        session = Session(nonce=os.urandom(NONCE))
        try:
            await self._speak(session, reader, writer, address)
        except NotTaken as exc:
            REFUSED.labels(Way.RTMP, "not_taken").inc()
            session.refuse(exc.detail)
            log.info("a publisher was refused: %s", exc)
        except Refused as exc:
            session.refuse(exc.detail)
            log.info("a publisher was refused: %s", exc)
        except InfraError as exc:
            session.refuse("The service cannot look up keys now: try again.")
            log.warning("a publisher was refused: %s", exc)
        except FeedClosed as exc:
            session.stop(exc.detail)
        except ProtocolFault as exc:
            session.stop(exc.detail)
            await _last_words(session, reader, writer)
            raise
        await _last_words(session, reader, writer)

    async def _speak(
        self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str
    ) -> None:  # fmt: skip
        # All of the greeting together has a time limit, however slowly its bytes drip.
        async with asyncio.timeout(self._settings.greeting.total_seconds()):
            asked = await self._asked(session, reader, writer)
            if asked is None:
                return
            publisher = await self._admit(asked, address)
        async with self._feeds.open(publisher) as sink:
            session.accept()
            await self._publication(session, reader, writer, sink=sink, publisher=publisher)
        await _hear_out(reader)

    async def _asked(
        self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> AskedToPublish | None:
        """What the peer wants to publish; None if it went away before it said so."""
        while body := await reader.read(_READ):
            session.receive(body)
            for event in session.events():
                if isinstance(event, AskedToPublish):
                    await _flush(session, writer)
                    return event
            await _flush(session, writer)
        return None

    async def _admit(self, asked: AskedToPublish, address: str) -> Publisher:
        found = KeyPath.parse(f"{asked.app}/{asked.name}")
        if found is None:
            raise Refused(f"The address has to end in /{APP}/ and the stream key.")
        return await self._gate.admit(
            found.key, channel=found.channel, address=address, way=Way.RTMP, container=Container.FLV
        )

    async def _publication(
        self,
        session: Session,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        sink: Sink,
        publisher: Publisher,
    ) -> None:
        log.info("%s publishes %s (%s) by RTMP", publisher.address, publisher.channel, publisher.place)
        received = RECEIVED.labels(Way.RTMP)
        PUBLISHING.labels(Way.RTMP).inc()
        silence_s = self._settings.silence.total_seconds()
        try:
            while True:
                media = bytearray()
                ended = False
                for event in session.events():
                    if isinstance(event, Media):
                        media += event.body
                    ended = ended or isinstance(event, Ended)
                await _flush(session, writer)
                if media:
                    received.inc(len(media))
                    await sink.write(bytes(media))
                if ended:
                    break
                body = await _more(reader, silence_s)
                if not body:
                    break
                session.receive(body)
        finally:
            PUBLISHING.labels(Way.RTMP).dec()
            log.info("%s publishes %s no more", publisher.address, publisher.channel)


async def _more(reader: asyncio.StreamReader, silence_s: float) -> bytes:
    """What comes next; nothing when the publisher is gone, in whatever way."""
    try:
        async with asyncio.timeout(silence_s):
            return await reader.read(_READ)
    except (ConnectionError, TimeoutError):
        return b""


async def _hear_out(reader: asyncio.StreamReader) -> None:
    """Let a publisher that said goodbye close the connection: some take it for an error when we do."""
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(_FAREWELL_S):
            while await reader.read(_READ):
                pass


async def _last_words(session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say what is still to be said. Who closes while the peer sends takes his own last words back (RFC 2525 §2.17)."""
    if body := session.to_send():
        writer.write(body)
        with suppress(OSError):
            writer.write_eof()
        await _hear_out(reader)


async def _flush(session: Session, writer: asyncio.StreamWriter) -> None:
    if body := session.to_send():
        writer.write(body)
        async with asyncio.timeout(_FAREWELL_S):  # a peer that does not read is no publisher
            await writer.drain()
