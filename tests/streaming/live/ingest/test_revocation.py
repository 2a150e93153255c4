from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from infra.errors import DatabaseUnavailable
from streaming.live.ingest.errors import FeedClosed
from streaming.live.ingest.publisher import Container, Place, Publisher, Way
from streaming.live.ingest.revocation import RevocableFeeds
from tests.streaming.live.ingest.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PUBLISHER = Publisher(
    channel="alpine", place=Place.PRIMARY, key_id="k", way=Way.RTMP, address="192.0.2.1", container=Container.FLV
)


class Answers:
    """What the database says, one answer after the other; the last one again and again."""

    def __init__(self, *answers: bool | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def is_revoked(self, key_id: str) -> bool:
        assert key_id == "k"
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_revoked_publisher_is_put_out(eventually: Callable[..., Awaitable[None]]) -> None:
    recorder, answers = Recorder(), Answers(False, DatabaseUnavailable("away"), True)
    feeds = RevocableFeeds(recorder, answers, every=timedelta(milliseconds=1))
    async with feeds.open(PUBLISHER) as sink:
        await sink.write(b"before")
        await eventually(lambda: answers.asked >= 3)
        with pytest.raises(FeedClosed, match="revoked"):
            await sink.write(b"after")
    assert recorder.recordings[0].body == b"before"
    assert recorder.recordings[0].ended


async def test_nobody_watches_when_the_publication_is_over(eventually: Callable[..., Awaitable[None]]) -> None:
    answers = Answers(False)
    async with RevocableFeeds(Recorder(), answers, every=timedelta(milliseconds=1)).open(PUBLISHER) as sink:
        await eventually(lambda: answers.asked > 2)
        await sink.write(b"on")
    asked = answers.asked
    await eventually(lambda: True)
    assert answers.asked == asked
