from __future__ import annotations

from typing import TYPE_CHECKING

from tests.transcoder.live.test_packager import EVENT, FIRST, SEGMENT_MS, Heard, part
from tests.transcoder.live.test_slate import slate
from transcoder.live.on_air import OnAir
from transcoder.live.packager import Packager
from transcoder.live.rhythm import Rhythm
from transcoder.live.selector import Source

if TYPE_CHECKING:
    from manifests.layout import RenditionId
    from manifests.live.state import LiveRendition
    from transcoder.live.on_air import Joined

PARTS = EVENT.grid.parts
PART_MS = SEGMENT_MS // PARTS


class Studio:
    """What is on air, and a clock."""

    def __init__(self, states: dict[RenditionId, LiveRendition] | None = None, *, begun: int = FIRST) -> None:
        self.heard, self.now = Heard(), begun * SEGMENT_MS
        self.packager = Packager(EVENT, told=self.heard, clock=lambda: self.now, window_s=60, states=states)
        self.on_air = OnAir(EVENT, self.packager, clock=lambda: self.now)
        self.on_air.slate = slate()

    def join(self, source: Source, number: int) -> Joined:
        joined = self.on_air.join(source, segment=number, dense=source is Source.BACKUP)
        for rendition in EVENT.renditions:
            joined.init(rendition, slate().inits[rendition])
        return joined

    def give(self, joined: Joined, number: int, places: range) -> None:
        for place in places:
            self.now = max(self.now, number * SEGMENT_MS + (place + 1) * PART_MS)
            for rendition in EVENT.renditions:
                joined.part(part(rendition, number, place))

    def pass_by(self, parts: int, *quiet: Source) -> None:
        for _ in range(parts):
            self.now += PART_MS
            self.on_air.tick(frozenset(quiet))

    def segments(self) -> set[tuple[tuple[int, int, bool, bool], ...]]:
        """Of every rendition: number, parts, gap, discontinuity."""
        return {
            tuple((each.number, each.count, each.gap, each.discontinuity) for each in state.segments)
            for state in self.packager.states.values()
        }


def test_an_absence_is_slate_from_the_next_part_on_and_never_a_gap() -> None:
    studio = Studio()
    studio.give(studio.join(Source.PRIMARY, FIRST), FIRST, range(2))
    studio.on_air.leave(Source.PRIMARY)
    studio.pass_by(PARTS)
    assert studio.on_air.source is Source.SLATE
    again = studio.join(Source.PRIMARY, FIRST + 1)
    studio.pass_by(4)
    studio.give(again, FIRST + 1, range(PARTS))
    studio.give(again, FIRST + 2, range(PARTS))
    assert studio.segments() == {((FIRST, 6, False, False), (FIRST + 1, 6, False, False), (FIRST + 2, 6, False, True))}
    for rendition in EVENT.renditions:
        own = b"".join(b"%d.%d|" % (FIRST, place) for place in range(2))
        still = b"".join(slate().part(EVENT, rendition, (FIRST, place)).body for place in range(2, PARTS))
        assert studio.heard.segments[rendition, FIRST] == own + still


def test_a_rendition_that_lacks_what_others_have_is_slate_there() -> None:
    studio = Studio()
    joined = studio.join(Source.PRIMARY, FIRST)
    studio.give(joined, FIRST, range(2))
    joined.part(part(EVENT.sound.id, FIRST, 2))
    studio.on_air.leave(Source.PRIMARY)
    studio.pass_by(PARTS)
    assert studio.segments() == {((FIRST, 6, False, False),)}


def test_no_part_is_told_before_its_time_is_over() -> None:
    studio = Studio()
    studio.give(studio.join(Source.PRIMARY, FIRST), FIRST, range(2))
    studio.on_air.leave(Source.PRIMARY)
    told = len(studio.heard.parts)
    studio.now += PART_MS - 1
    studio.on_air.tick(frozenset())
    assert len(studio.heard.parts) == told
    studio.now += 1
    studio.on_air.tick(frozenset())
    assert len(studio.heard.parts) == told + len(EVENT.renditions)


def test_the_slate_is_there_within_a_second_and_a_half_of_the_last_byte() -> None:
    studio = Studio()
    studio.give(studio.join(Source.PRIMARY, FIRST), FIRST, range(2))
    rhythm, last_byte = Rhythm(studio.now - 5000), studio.now
    rhythm.came(last_byte)
    while studio.on_air.source is not Source.SLATE:
        studio.now += 50
        studio.on_air.tick({Source.PRIMARY} if rhythm.is_quiet(studio.now) else frozenset())
    assert 1000 < studio.now - last_byte <= 1500
    # All that was missed is there with it: the next part is the one that is not over yet.
    state = studio.packager.states[EVENT.sound.id]
    assert state.growing is not None
    end = FIRST * SEGMENT_MS + state.growing.count * PART_MS
    assert end <= studio.now < end + PART_MS


def test_a_killed_process_is_followed_by_the_slate_and_by_whole_segments() -> None:
    studio = Studio()
    studio.give(studio.join(Source.PRIMARY, FIRST), FIRST, range(4))
    after = Studio(dict(studio.packager.states), begun=FIRST + 20)
    after.pass_by(3 * PARTS)
    again = after.join(Source.PRIMARY, FIRST + 23)
    after.give(again, FIRST + 23, range(PARTS))
    (seen,) = after.segments()
    assert [number for number, _, _, _ in seen] == list(range(FIRST, FIRST + 24))
    assert {(count, gap) for _, count, gap, _ in seen} == {(6, False)}
    assert [number for number, _, _, returns in seen if returns] == [FIRST + 23]
    # Of what is long over nobody loads parts.
    assert {position[0] for _, position, _ in after.heard.parts} == set(range(FIRST + 12, FIRST + 24))
    assert set(after.heard.segments) == {(each, n) for each in EVENT.renditions for n in range(FIRST, FIRST + 24)}


def test_the_backup_goes_on_in_the_same_segment() -> None:
    studio = Studio()
    primary, backup = studio.join(Source.PRIMARY, FIRST), studio.join(Source.BACKUP, FIRST)
    studio.give(primary, FIRST, range(3))
    studio.give(backup, FIRST, range(4))
    studio.on_air.leave(Source.PRIMARY)
    studio.give(backup, FIRST, range(4, PARTS))
    assert studio.segments() == {((FIRST, 6, False, False),)}
    assert len(studio.heard.parts) == PARTS * len(EVENT.renditions)


def test_an_event_ends_with_the_same_part_in_all_renditions() -> None:
    studio = Studio()
    joined = studio.join(Source.PRIMARY, FIRST)
    studio.give(joined, FIRST, range(3))
    joined.part(part(EVENT.sound.id, FIRST, 3))
    studio.on_air.end()
    assert studio.segments() == {((FIRST, 4, False, False),)}
    assert all(state.ended for state in studio.packager.states.values())
