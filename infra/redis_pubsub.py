"""Wake-ups over Redis: one pub/sub connection a process, shared by all who wait."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Self

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from infra.errors import CacheUnavailable
from infra.tasks import end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio.client import PubSub

_MAILBOX: Final = 256
_CONFIRM_S: Final = 5.0
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 0.5
# Keeps the connection in subscribed mode while nobody waits for anything.
_IDLE_CHANNEL: Final = "channel:idle"

LOOK: Final = ("", b"")
"""What a subscriber gets when it may have missed something."""


class Mailbox:
    """Messages for one subscriber. One that does not keep up loses them and is told to look for itself."""

    def __init__(self) -> None:
        self._messages: deque[tuple[str, bytes]] = deque()
        self._filled = asyncio.Event()

    def drop(self, message: tuple[str, bytes]) -> None:
        if len(self._messages) >= _MAILBOX:
            self._messages.clear()
            message = LOOK
        self._messages.append(message)
        self._filled.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> tuple[str, bytes]:
        while not self._messages:
            self._filled.clear()
            await self._filled.wait()
        return self._messages.popleft()


class _Subscription:
    """One channel: who listens, and whether the server has confirmed it on the present connection."""

    def __init__(self) -> None:
        self.mailboxes: set[Mailbox] = set()
        self.confirmed = asyncio.Event()


class Hub:
    """The one connection. It is opened by the first subscriber and kept until `aclose`."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(
            url,
            # A lost connection must be noticed here, not mended silently: messages were lost with it.
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=5,
            socket_keepalive=True,
            health_check_interval=15,
        )
        self._subscriptions: dict[str, _Subscription] = {}
        self._stale: dict[str, int] = {}  # confirmations still on their way for channels that were left since
        self._connected: PubSub | None = None
        self._listening: asyncio.Task[None] | None = None
        self._is_closed = False

    async def aclose(self) -> None:
        self._is_closed = True
        if self._listening is not None:
            await end(self._listening)
            self._listening = None
        await self._redis.aclose()

    @asynccontextmanager
    async def subscribe(self, *channels: str) -> AsyncIterator[Mailbox]:
        if self._is_closed:
            raise CacheUnavailable("This process has closed its connections to Redis.")
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(), name="redis pub/sub")
        mailbox = Mailbox()
        try:
            waited = [await self._join(channel, mailbox) for channel in channels]
            try:
                async with asyncio.timeout(_CONFIRM_S):
                    for subscription in waited:
                        await subscription.confirmed.wait()
            except TimeoutError as exc:
                raise CacheUnavailable("Redis did not confirm a subscription") from exc
            yield mailbox
        finally:
            # All are left before the first wait: a reader that is cancelled again in it must not stay subscribed.
            gone = [channel for channel in channels if self._leave(channel, mailbox)]
            if gone and self._connected is not None:
                with suppress(RedisError, OSError):
                    await self._connected.unsubscribe(*gone)

    async def _join(self, channel: str, mailbox: Mailbox) -> _Subscription:
        subscription = self._subscriptions.get(channel)
        if subscription is not None:
            subscription.mailboxes.add(mailbox)
            return subscription
        subscription = self._subscriptions[channel] = _Subscription()
        subscription.mailboxes.add(mailbox)
        if self._connected is not None:
            with suppress(RedisError, OSError):  # the listener sees it too, and subscribes again to everything
                await self._connected.subscribe(channel)
        return subscription

    def _leave(self, channel: str, mailbox: Mailbox) -> bool:
        """Whether nobody is left who listens to the channel."""
        subscription = self._subscriptions.get(channel)
        if subscription is None:
            return False
        subscription.mailboxes.discard(mailbox)
        if subscription.mailboxes:
            return False
        del self._subscriptions[channel]
        if self._connected is not None and not subscription.confirmed.is_set():
            self._stale[channel] = self._stale.get(channel, 0) + 1
        return True

    async def _listen(self) -> None:
        pause = _FIRST_PAUSE_S
        first = True
        while True:
            try:
                async with self._redis.pubsub() as connection:
                    await connection.subscribe(_IDLE_CHANNEL)
                    asked: set[str] = set()
                    while fresh := self._subscriptions.keys() - asked:  # more may join while these are sent
                        await connection.subscribe(*fresh)
                        asked |= fresh
                    self._connected = connection
                    if not first:
                        self._tell_everybody()
                    first, pause = False, _FIRST_PAUSE_S
                    while True:
                        message = await connection.get_message(timeout=5.0)
                        if message is not None:
                            self._deliver(message)
            except (RedisError, OSError, TimeoutError):
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
            finally:
                self._connected = None
                self._stale.clear()
                for subscription in self._subscriptions.values():
                    subscription.confirmed.clear()

    def _tell_everybody(self) -> None:
        everybody = {mailbox for each in self._subscriptions.values() for mailbox in each.mailboxes}
        for mailbox in everybody:
            mailbox.drop(LOOK)

    def _deliver(self, message: dict[str, Any]) -> None:
        channel = message["channel"].decode()
        subscription = self._subscriptions.get(channel)
        if message["type"] == "subscribe":
            if self._stale.get(channel):
                self._stale[channel] -= 1
            elif subscription is not None:
                subscription.confirmed.set()
        elif message["type"] == "message" and subscription is not None:
            for mailbox in subscription.mailboxes:
                mailbox.drop((channel, message["data"]))
