from __future__ import annotations

import pytest

from benchmarks.live.viewers import is_whole, message

ACKNOWLEDGED = b"*3\r\n$9\r\nsubscribe\r\n$3\r\nabc\r\n:1\r\n"
MESSAGE = b"*3\r\n$7\r\nmessage\r\n$3\r\nabc\r\n$6\r\nhe\r\nlo\r\n"


def test_messages_of_redis_one_behind_the_other() -> None:
    assert message(ACKNOWLEDGED + MESSAGE) == (b"", MESSAGE)
    assert message(MESSAGE + MESSAGE[:9]) == (b"he\r\nlo", MESSAGE[:9])


@pytest.mark.parametrize("cut", range(len(MESSAGE)))
def test_a_message_that_is_not_all_there_is_none(cut: int) -> None:
    assert message(MESSAGE[:cut]) is None


def test_when_an_answer_is_whole() -> None:
    answer = b"HTTP/1.1 200 OK\r\nX: y\r\ncontent-length: 3\r\n\r\nabc"
    assert is_whole(bytearray(answer))
    assert not any(is_whole(bytearray(answer[:cut])) for cut in range(len(answer)))
