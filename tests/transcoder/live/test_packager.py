from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from manifests.layout import RenditionId
from manifests.live.state import LiveRendition, Position
from tests.transcoder.live import feeds
from transcoder.errors import OutputBroken
from transcoder.live.argv import Origin
from transcoder.live.packager import Packager
from transcoder.live.part import Part

EVENT = feeds.event()
PICTURE, SOUND = EVENT.rungs[-1].id, EVENT.sound.id
SEGMENT_MS = EVENT.grid.segment_ms
FIRST = 935_070_981


@dataclass
class Heard:
    """All that was told."""

    inits: list[tuple[RenditionId, str]] = field(default_factory=list)
    parts: list[tuple[RenditionId, Position, bytes]] = field(default_factory=list)
    segments: dict[tuple[RenditionId, int], bytes] = field(default_factory=dict)

    def init(self, rendition: RenditionId, name: str, body: bytes) -> None:
        self.inits.append((rendition, name))

    def changed(self, rendition: RenditionId, state: LiveRendition) -> None:
        assert state.departed == ()

    def part(self, rendition: RenditionId, state: LiveRendition, position: Position, body: bytes) -> None:
        self.parts.append((rendition, position, body))

    def segment(self, rendition: RenditionId, number: int, body: bytes) -> None:
        self.segments[rendition, number] = body


class Studio:
    """A packager, and a clock that stands at the end of what was made."""

    def __init__(self, states: dict[RenditionId, LiveRendition] | None = None) -> None:
        self.heard, self.now = Heard(), FIRST * SEGMENT_MS
        self.packager = Packager(EVENT, told=self.heard, clock=lambda: self.now, window_s=60, states=states)

    def run(self, number: int, *, init: bytes = b"init") -> int:
        """Begin a run in a segment."""
        first = self.packager.begin(Origin(segment=number, phase=0))
        for rendition in (PICTURE, SOUND):
            self.packager.init(rendition, init)
        return first

    def parts(self, number: int, places: range, *renditions: RenditionId) -> None:
        for place in places:
            self.now = number * SEGMENT_MS + (place + 1) * SEGMENT_MS // EVENT.grid.parts
            for rendition in renditions or (PICTURE, SOUND):
                self.packager.part(part(rendition, number, place))

    def segments(self, rendition: RenditionId) -> list[tuple[int, bool, bool]]:
        return [(each.number, each.gap, each.discontinuity) for each in self.packager.states[rendition].segments]


def part(rendition: RenditionId, number: int, place: int) -> Part:
    track = EVENT.track(rendition)
    return Part(
        rendition=rendition, msn=number, start=number * track.segment + place * track.part, duration=track.part,
        independent=place == 0 or rendition == SOUND, last=place + 1 == track.parts, body=b"%d.%d|" % (number, place),
    )  # fmt: skip


def test_parts_become_segments_with_the_numbers_of_the_epoch() -> None:
    studio = Studio()
    assert studio.run(FIRST) == FIRST
    studio.parts(FIRST, range(6))
    studio.parts(FIRST + 1, range(2))
    state = studio.packager.states[PICTURE]
    assert (state.media_sequence, state.last_part, state.next_part) == (FIRST, (FIRST + 1, 1), (FIRST + 1, 2))
    assert state.first_ms == FIRST * SEGMENT_MS
    assert studio.heard.segments[PICTURE, FIRST] == b"".join(b"%d.%d|" % (FIRST, place) for place in range(6))
    assert (SOUND, (FIRST + 1, 1), b"%d.1|" % (FIRST + 1)) in studio.heard.parts
    assert len({name for _, name in studio.heard.inits}) == 1


def test_what_lies_between_two_runs_is_a_gap_and_the_next_run_does_not_go_on() -> None:
    studio = Studio()
    studio.run(FIRST)
    studio.parts(FIRST, range(6))
    studio.parts(FIRST + 1, range(3))
    studio.packager.end_run()
    assert studio.heard.segments[PICTURE, FIRST + 1] == b"".join(b"%d.%d|" % (FIRST + 1, place) for place in range(3))
    assert studio.run(FIRST + 4) == FIRST + 4
    studio.parts(FIRST + 4, range(6))
    for rendition in (PICTURE, SOUND):
        assert studio.segments(rendition) == [
            (FIRST, False, False), (FIRST + 1, False, False), (FIRST + 2, True, True), (FIRST + 3, True, False),
            (FIRST + 4, False, True),
        ]  # fmt: skip
    assert studio.packager.states[PICTURE].segments[-1].pdt_ms == (FIRST + 4) * SEGMENT_MS


def test_a_publisher_that_is_back_at_once_begins_in_a_segment_of_his_own() -> None:
    studio = Studio()
    studio.run(FIRST)
    studio.parts(FIRST, range(2))
    studio.packager.end_run()
    assert studio.run(FIRST) == FIRST + 1
    studio.parts(FIRST + 1, range(6))
    assert studio.segments(SOUND) == [(FIRST, False, False), (FIRST + 1, False, True)]


def test_a_rendition_that_lacks_what_others_have_gets_a_gap() -> None:
    studio = Studio()
    studio.run(FIRST)
    studio.parts(FIRST, range(6))
    studio.parts(FIRST + 1, range(1), PICTURE)
    studio.packager.end_run()
    assert [number for number, _, _ in studio.segments(PICTURE)] == [FIRST, FIRST + 1]
    assert studio.segments(SOUND) == [(FIRST, False, False), (FIRST + 1, True, True)]


def test_missing_time_becomes_gaps_while_nobody_publishes() -> None:
    studio = Studio()
    studio.packager.fill()
    assert studio.packager.states == {}
    studio.run(FIRST)
    studio.parts(FIRST, range(6))
    studio.packager.end_run()
    studio.now = (FIRST + 3) * SEGMENT_MS + 100
    studio.packager.fill()
    assert [number for number, gap, _ in studio.segments(PICTURE) if gap] == [FIRST + 1]
    studio.now += 1500
    studio.packager.fill()
    assert [number for number, gap, _ in studio.segments(PICTURE) if gap] == [FIRST + 1, FIRST + 2]


def test_another_packager_goes_on_where_this_one_was() -> None:
    studio = Studio()
    studio.run(FIRST)
    studio.parts(FIRST, range(4))
    after = Studio(studio.packager.states)
    assert after.run(FIRST + 1) == FIRST + 1
    after.parts(FIRST + 1, range(6))
    assert after.segments(PICTURE) == [(FIRST, False, False), (FIRST + 1, False, True)]
    state = after.packager.states[PICTURE]
    assert state.segments[0].count == 4
    assert state.segments[1].count == 6


def test_another_init_section_goes_with_a_discontinuity() -> None:
    studio = Studio()
    studio.run(FIRST)
    studio.parts(FIRST, range(6))
    studio.packager.end_run()
    studio.run(FIRST + 1, init=b"another")
    studio.parts(FIRST + 1, range(6))
    first, second = studio.packager.states[PICTURE].segments
    assert (first.init != second.init, second.new_init, second.discontinuity) == (True, True, True)


def test_behind_a_day_without_anything_the_numbers_go_on_and_nothing_old_is_left() -> None:
    studio = Studio()
    studio.run(FIRST)
    studio.parts(FIRST, range(6))
    studio.packager.end_run()
    far = FIRST + 45_000
    assert studio.run(far) == far
    studio.parts(far, range(6))
    assert [number for number, _, _ in studio.segments(PICTURE)] == [far]
    assert studio.packager.states[PICTURE].discontinuity_sequence == 1


def test_the_end_is_the_end_of_all() -> None:
    studio = Studio()
    studio.run(FIRST)
    studio.parts(FIRST, range(3))
    studio.packager.end()
    assert all(state.ended for state in studio.packager.states.values())
    assert (PICTURE, FIRST) in studio.heard.segments


def test_what_lies_before_what_is_there_is_an_error() -> None:
    studio = Studio()
    studio.run(FIRST)
    studio.parts(FIRST, range(6))
    with pytest.raises(OutputBroken, match="behind"):
        studio.packager.part(part(PICTURE, FIRST, 0))
