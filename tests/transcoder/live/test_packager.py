from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from manifests.layout import RenditionId
from manifests.live.state import LiveRendition, Position
from tests.transcoder.live import feeds
from transcoder.errors import OutputBroken
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
        """What the states say is asked of the packager itself."""

    def part(self, rendition: RenditionId, state: LiveRendition, position: Position, body: bytes) -> None:
        self.parts.append((rendition, position, body))

    def segment(self, rendition: RenditionId, number: int, body: bytes, *, is_past: bool = False) -> None:
        assert (rendition, number) not in self.segments
        self.segments[rendition, number] = body


class Studio:
    """A packager, and a clock that stands at the end of what was made."""

    def __init__(self, states: dict[RenditionId, LiveRendition] | None = None) -> None:
        self.heard, self.now = Heard(), FIRST * SEGMENT_MS
        self.packager = Packager(EVENT, told=self.heard, clock=lambda: self.now, window_s=60, states=states)

    def parts(
        self, number: int, places: range, *renditions: RenditionId, init: bytes = b"init", returns: bool = False
    ) -> None:
        for place in places:
            self.now = number * SEGMENT_MS + (place + 1) * SEGMENT_MS // EVENT.grid.parts
            for rendition in renditions or (PICTURE, SOUND):
                name = self.packager.init(rendition, init)
                self.packager.part(part(rendition, number, place), init=name, returns=returns and place == 0)

    def segments(self, rendition: RenditionId) -> list[tuple[int, bool, bool]]:
        return [(each.number, each.gap, each.discontinuity) for each in self.packager.states[rendition].segments]


def part(rendition: RenditionId, number: int, place: int) -> Part:
    track = EVENT.track(rendition)
    return Part(
        rendition=rendition, msn=number, start=number * track.segment + place * track.part, duration=track.part,
        independent=place == 0 or rendition == SOUND, last=place + 1 == track.parts, body=b"%d.%d|" % (number, place),
        first=2 + place,
    )  # fmt: skip


def test_parts_become_segments_with_the_numbers_of_the_epoch() -> None:
    studio = Studio()
    studio.parts(FIRST, range(6))
    studio.parts(FIRST + 1, range(2))
    state = studio.packager.states[PICTURE]
    assert (state.media_sequence, state.last_part, state.next_part) == (FIRST, (FIRST + 1, 1), (FIRST + 1, 2))
    assert state.first_ms == FIRST * SEGMENT_MS
    assert studio.heard.segments[PICTURE, FIRST] == b"".join(b"%d.%d|" % (FIRST, place) for place in range(6))
    assert (SOUND, (FIRST + 1, 1), b"%d.1|" % (FIRST + 1)) in studio.heard.parts
    assert len({name for _, name in studio.heard.inits}) == 1
    assert len(studio.heard.inits) == 2


def test_a_segment_knows_where_its_first_picture_ends() -> None:
    studio = Studio()
    studio.parts(FIRST, range(6))
    studio.parts(FIRST + 2, range(2))
    state = studio.packager.states[PICTURE]
    assert [segment.picture for segment in state.segments] == [2, 0], "of the first part; a gap has none"
    assert state.growing is not None
    assert state.growing.picture == 2
    assert [segment.picture for segment in studio.packager.states[SOUND].segments] == [0, 0]
    after = Studio(studio.packager.states)
    after.packager.go_on(PICTURE, [b"%d.%d|" % (FIRST + 2, place) for place in range(2)])
    after.parts(FIRST + 2, range(2, 6))
    assert after.packager.states[PICTURE].segments[-1].picture == 2


def test_what_does_not_go_on_begins_a_segment_of_its_own() -> None:
    studio = Studio()
    studio.parts(FIRST, range(6))
    studio.parts(FIRST + 1, range(6), returns=True)
    for rendition in (PICTURE, SOUND):
        assert studio.segments(rendition) == [(FIRST, False, False), (FIRST + 1, False, True)]
    assert studio.packager.states[PICTURE].segments[-1].pdt_ms == (FIRST + 1) * SEGMENT_MS


def test_segments_that_nobody_can_give_are_gaps() -> None:
    studio = Studio()
    studio.parts(FIRST, range(3))
    studio.parts(FIRST + 3, range(6))
    for rendition in (PICTURE, SOUND):
        assert studio.heard.segments[rendition, FIRST] == b"".join(b"%d.%d|" % (FIRST, place) for place in range(3))
        assert studio.segments(rendition) == [
            (FIRST, False, False), (FIRST + 1, True, True), (FIRST + 2, True, False), (FIRST + 3, False, True),
        ]  # fmt: skip


def test_another_packager_goes_on_in_the_segment_where_this_one_was() -> None:
    studio = Studio()
    studio.parts(FIRST, range(6))
    studio.parts(FIRST + 1, range(4))
    after = Studio(studio.packager.states)
    position = (FIRST + 1) * 6 + 4
    rungs = {rung.id: FIRST * 6 for rung in EVENT.rungs[:-1]}
    assert after.packager.told == {**rungs, PICTURE: position, SOUND: position}
    after.packager.go_on(PICTURE, [b"%d.%d|" % (FIRST + 1, place) for place in range(4)])
    after.parts(FIRST + 1, range(4, 6))
    assert after.segments(PICTURE) == [(FIRST, False, False), (FIRST + 1, False, False)]
    assert after.heard.segments[PICTURE, FIRST + 1] == b"".join(b"%d.%d|" % (FIRST + 1, place) for place in range(6))


def test_another_init_section_comes_with_a_discontinuity() -> None:
    studio = Studio()
    studio.parts(FIRST, range(6))
    studio.parts(FIRST + 1, range(6), init=b"another")
    first, second = studio.packager.states[PICTURE].segments
    assert (first.init != second.init, second.new_init, second.discontinuity) == (True, True, True)


def test_another_init_section_inside_a_segment_cuts_it_short_and_begins_the_next_one() -> None:
    studio = Studio()
    studio.parts(FIRST, range(2))
    studio.parts(FIRST, range(2, 6), init=b"another")
    studio.parts(FIRST + 1, range(6), init=b"another")
    first, second = studio.packager.states[PICTURE].segments
    assert (first.number, first.count, second.number, second.count) == (FIRST, 2, FIRST + 1, 6)
    assert (second.new_init, second.discontinuity) == (True, True)


def test_what_is_past_is_told_by_its_segment_alone() -> None:
    studio = Studio()
    studio.parts(FIRST, range(6))
    heard = len(studio.heard.parts)
    name = studio.packager.init(PICTURE, b"init")
    for place in range(6):
        studio.packager.part(part(PICTURE, FIRST + 1, place), init=name, is_past=True)
    assert len(studio.heard.parts) == heard
    assert (PICTURE, FIRST + 1) in studio.heard.segments


def test_behind_a_day_without_anything_the_numbers_go_on_and_nothing_old_is_left() -> None:
    studio = Studio()
    studio.parts(FIRST, range(6))
    far = FIRST + 45_000
    studio.parts(far, range(6))
    assert [number for number, _, _ in studio.segments(PICTURE)] == [far]
    assert studio.packager.states[PICTURE].discontinuity_sequence == 1


def test_the_end_is_the_end_of_all() -> None:
    studio = Studio()
    studio.parts(FIRST, range(3))
    studio.packager.end()
    assert all(state.ended for state in studio.packager.states.values())
    assert (PICTURE, FIRST) in studio.heard.segments


def test_what_lies_before_what_is_there_is_an_error() -> None:
    studio = Studio()
    studio.parts(FIRST, range(6))
    with pytest.raises(OutputBroken, match="behind"):
        studio.parts(FIRST, range(1), PICTURE)
