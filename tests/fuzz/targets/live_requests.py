"""Requests for what is live: a query, a line break, a name. LiveError, or a decision; a wait ends in time."""

from __future__ import annotations

from urllib.parse import parse_qsl

from manifests.errors import LiveError
from manifests.live import change, decide, directives, names
from manifests.live.names import InitName, SegmentName
from manifests.live.state import LiveRendition, Pace
from tests.fuzz.corpus import seeds
from tests.fuzz.strategies import changed, strung

PIECES = [
    *(
        b"_HLS_msn=",
        b"_HLS_part=",
        b"_HLS_skip=",
        b"&",
        b"YES",
        b"v2",
        b"48",
        b"50",
        b"53",
        b"3",
        b"-1",
        b"1e9",
        b"%b2",
    ),
    *(b"\n", b"50.3", b".m4s", b".", b"init-", b".mp4", b"99999999999999999999", b"0", b"\xd9\xa7", b"\x00"),
]
STRATEGY = strung(PIECES) | changed(seeds("live_requests"), PIECES)

NOW = 1_000_000
BLOCKED_MS = 6000


def _state() -> LiveRendition:
    pace = Pace(timescale=90_000, part=28_800, parts=6, target_duration=2)
    state = change.begin(pace=pace, number=40, init="init-1.mp4", window_s=12)
    for number in range(63):
        state = change.add_part(state, duration=28_800, size=9, pdt_ms=0, now_ms=320 * number)
        if number % 6 == 5:
            state = change.end_segment(state, now_ms=320 * number)
    return state


STATE = _state()


def target(body: bytes) -> None:
    query, _, name = body.decode("utf-8", "replace").partition("\n")
    try:
        asked = directives.parse(parse_qsl(query, keep_blank_values=True))
    except LiveError as exc:
        assert str(exc)
    else:
        early = decide.playlist(STATE, asked, arrived_ms=NOW, now_ms=NOW)
        assert not isinstance(early, decide.Wait) or early.until_ms == NOW + BLOCKED_MS
        late = decide.playlist(STATE, asked, arrived_ms=NOW, now_ms=NOW + BLOCKED_MS)
        assert not isinstance(late, decide.Wait)
        assert not isinstance(decide.iframes(STATE, asked, arrived_ms=NOW, now_ms=NOW + BLOCKED_MS), decide.Wait)
    found = names.parse(name)
    if found is None:
        return
    if isinstance(found, InitName):
        assert found.name == name
    elif isinstance(found, SegmentName):
        assert names.segment(found.number) == name
    else:
        assert names.part(found.number, found.index) == name
    answer = decide.media(STATE, found, arrived_ms=NOW, now_ms=NOW + BLOCKED_MS)
    assert not isinstance(answer, decide.Wait)
