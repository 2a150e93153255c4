from __future__ import annotations

from streaming.http.event_stream import Event, retry


def test_an_event_is_three_lines_and_an_empty_one() -> None:
    event = Event(name="progress", value={"title": "a\nb"}, id="7")
    assert event.render() == b'event: progress\nid: 7\ndata: {"title":"a\\nb"}\n\n'


def test_the_retry_time_is_in_milliseconds() -> None:
    assert retry(2000) == b"retry: 2000\n\n"
