"""Two publishers who come, stall and go in any order: every position is told once, in order, and can be decoded."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from manifests.layout import RenditionId
from transcoder.live.part import Part
from transcoder.live.selector import Selector, Source, Tell

if TYPE_CHECKING:
    from collections.abc import Iterable

PARTS, GOP = 6, 3
PICTURE, SOUND = RenditionId("v"), RenditionId("a")
BOTH = (PICTURE, SOUND)
PRIMARY, BACKUP, SLATE = Source.PRIMARY, Source.BACKUP, Source.SLATE


def part(rendition: RenditionId, position: int, *, dense: bool) -> Part:
    number, index = divmod(position, PARTS)
    return Part(
        rendition=rendition, msn=number, start=position, duration=1, body=b"", first=0, last=index + 1 == PARTS,
        independent=dense or rendition == SOUND or position % GOP == 0,
    )  # fmt: skip


class Stage:
    """A selector, its publishers, and what was told."""

    def __init__(self, told: dict[RenditionId, int] | None = None) -> None:
        self.selector = Selector(BOTH, parts=PARTS, late=3, told=told)
        self.told: dict[RenditionId, list[Tell]] = defaultdict(list)
        self.dense: dict[Source, bool] = {}
        self.next: dict[tuple[Source, RenditionId], int] = {}

    def take(self, tells: Iterable[Tell]) -> None:
        for tell in tells:
            self.told[tell.rendition].append(tell)

    def begin(self, source: Source, segment: int) -> None:
        self.dense[source] = source is BACKUP
        self.next.update({(source, rendition): segment * PARTS for rendition in BOTH})
        self.take(self.selector.begin(source, segment=segment, dense=source is BACKUP))

    def give(self, source: Source, count: int = 1, *renditions: RenditionId) -> None:
        for _ in range(count):
            for rendition in renditions or BOTH:
                position = self.next[source, rendition]
                self.next[source, rendition] += 1
                made = part(rendition, position, dense=self.dense[source])
                self.take(self.selector.give(source, position, made))

    def lost(self, source: Source) -> None:
        self.take(self.selector.lost(source))

    def advance(self, due: int, *quiet: Source) -> None:
        self.take(self.selector.advance(due, frozenset(quiet)))

    def seen(self, rendition: RenditionId = PICTURE) -> list[tuple[int, Source]]:
        """Runs of parts of one source: how many, and whose."""
        found: list[tuple[int, Source]] = []
        for tell in self.told[rendition]:
            if found and found[-1][1] is tell.source:
                found[-1] = (found[-1][0] + 1, tell.source)
            else:
                found.append((1, tell.source))
        return found

    def returns(self, rendition: RenditionId = PICTURE) -> list[int]:
        return [tell.position for tell in self.told[rendition] if tell.returns]


def test_the_backup_takes_over_at_the_next_part_and_the_primary_back_at_a_segment() -> None:
    stage = Stage()
    stage.begin(PRIMARY, 10)
    stage.begin(BACKUP, 10)
    stage.give(PRIMARY, 8)
    stage.give(BACKUP, 9)
    assert stage.seen() == [(8, PRIMARY)]
    stage.lost(PRIMARY)
    assert stage.seen() == [(8, PRIMARY), (1, BACKUP)]
    stage.begin(PRIMARY, 11)
    stage.give(BACKUP)
    stage.give(PRIMARY, 4)
    for _ in range(6):
        stage.give(BACKUP)
        stage.give(PRIMARY)
    assert stage.seen() == stage.seen(SOUND) == [(8, PRIMARY), (4, BACKUP), (4, PRIMARY)]
    assert stage.returns() == []


def test_with_nobody_left_the_slate_is_told_as_time_goes_by_and_who_returns_begins_a_segment() -> None:
    stage = Stage()
    stage.begin(PRIMARY, 10)
    stage.give(PRIMARY, 2)
    stage.give(PRIMARY, 1, PICTURE)
    stage.lost(PRIMARY)
    stage.advance(60 + 4)
    assert stage.seen() == [(3, PRIMARY), (1, SLATE)]
    assert stage.seen(SOUND) == [(2, PRIMARY), (2, SLATE)]
    stage.begin(PRIMARY, 10)
    stage.give(PRIMARY, 5)
    stage.advance(60 + 8)  # the slate ends with the segment, whoever is late
    assert [tell.position for tell in stage.told[PICTURE]] == list(range(60, 66))
    stage.give(PRIMARY, 3)
    assert stage.seen() == [(3, PRIMARY), (3, SLATE), (2, PRIMARY)]
    assert stage.returns() == stage.returns(SOUND) == [66]


def test_who_stalls_is_slate_and_what_he_sends_of_that_time_is_let_go() -> None:
    stage = Stage()
    stage.begin(PRIMARY, 10)
    stage.give(PRIMARY, 4)
    stage.advance(60 + 9)
    assert stage.selector.source is PRIMARY  # merely slow
    stage.advance(60 + 9, PRIMARY)
    assert stage.seen() == [(4, PRIMARY), (5, SLATE)]
    stage.give(PRIMARY, 4)
    stage.advance(60 + 10)
    stage.give(PRIMARY, 8)
    stage.advance(60 + 16)
    assert stage.seen() == [(4, PRIMARY), (8, SLATE), (4, PRIMARY)]
    assert stage.returns() == [72]


def test_an_encoder_that_falls_behind_the_other_one_is_relieved() -> None:
    stage = Stage()
    stage.begin(PRIMARY, 10)
    stage.begin(BACKUP, 10)
    stage.give(PRIMARY, 2)
    stage.give(BACKUP, 4)
    assert stage.selector.source is PRIMARY
    stage.give(BACKUP, 1)
    assert stage.seen() == [(2, PRIMARY), (3, BACKUP)]
    stage.give(PRIMARY, 2)
    assert stage.selector.source is BACKUP


def test_nothing_is_shown_before_the_first_picture() -> None:
    stage = Stage()
    stage.begin(PRIMARY, 10)
    stage.advance(70, PRIMARY)
    stage.lost(PRIMARY)
    stage.advance(80)
    assert stage.selector.source is None
    stage.begin(BACKUP, 14)
    stage.give(BACKUP, 2)
    assert stage.seen() == [(2, BACKUP)]


def test_who_comes_first_and_gives_nothing_is_followed_by_who_does() -> None:
    stage = Stage()
    stage.begin(PRIMARY, 11)
    stage.begin(BACKUP, 10)
    stage.give(BACKUP, 7)
    stage.lost(PRIMARY)
    assert [tell.position for tell in stage.told[SOUND]] == [66]


def test_after_a_process_that_was_killed_the_slate_goes_on_where_it_was() -> None:
    stage = Stage(told={PICTURE: 63, SOUND: 62})
    stage.advance(64)
    assert [tell.position for tell in stage.told[SOUND]] == [62, 63]
    assert stage.selector.source is SLATE


def test_behind_a_long_absence_the_numbers_leap() -> None:
    stage = Stage(told={PICTURE: 63, SOUND: 62})
    far = 63 + 5000 * PARTS
    stage.advance(far)
    assert stage.told[PICTURE][0].position == stage.told[SOUND][0].position == far // PARTS * PARTS


def test_a_while_without_the_process_is_told_in_turns() -> None:
    stage = Stage(told={PICTURE: 60, SOUND: 60})
    for turn in range(1, 4):
        stage.advance(60 + 20 * PARTS)
        assert len(stage.told[PICTURE]) == min(8 * turn, 20) * PARTS


def test_all_renditions_end_with_the_same_part() -> None:
    stage = Stage()
    stage.begin(PRIMARY, 10)
    stage.give(PRIMARY, 2)
    stage.give(PRIMARY, 2, SOUND)
    stage.take(stage.selector.end())
    assert stage.seen() == [(2, PRIMARY), (2, SLATE)]
    assert stage.seen(SOUND) == [(4, PRIMARY)]


class Anything(RuleBasedStateMachine):
    """Time goes by; encoders begin, are a little ahead or behind, stall, and are lost."""

    @initialize()
    def start(self) -> None:
        self.stage = Stage()
        self.now = 10 * PARTS
        self.quiet: set[Source] = set()
        self.there: set[Source] = set()

    @rule(source=st.sampled_from([PRIMARY, BACKUP]))
    def comes(self, source: Source) -> None:
        if source not in self.there:
            self.there.add(source)
            self.stage.begin(source, self.now // PARTS)

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def goes(self, data: st.DataObject) -> None:
        source = data.draw(st.sampled_from(sorted(self.there)))
        self.there.discard(source)
        self.quiet.discard(source)
        self.stage.lost(source)

    @rule(source=st.sampled_from([PRIMARY, BACKUP]))
    def stalls_or_goes_on(self, source: Source) -> None:
        if source in self.there:
            self.quiet ^= {source}

    @precondition(lambda self: self.there)
    @rule(data=st.data(), count=st.integers(1, 9), renditions=st.sampled_from([BOTH, (PICTURE,), (SOUND,)]))
    def gives(self, data: st.DataObject, count: int, renditions: tuple[RenditionId, ...]) -> None:
        source = data.draw(st.sampled_from(sorted(self.there)))
        for _ in range(count):
            for rendition in renditions:
                if self.stage.next[source, rendition] < self.now + 2:
                    self.stage.give(source, 1, rendition)

    @rule(count=st.integers(0, 8))
    def time_goes_by(self, count: int) -> None:
        self.now += count
        self.stage.advance(self.now, *self.quiet)

    @invariant()
    def told_once_and_in_order(self) -> None:
        for rendition, tells in self.stage.told.items():
            first = tells[0].position if tells else 0
            assert [tell.position for tell in tells] == list(range(first, first + len(tells)))
            before = None
            for tell in tells:
                if tell.source is SLATE:
                    assert tell.position < self.now
                else:
                    assert tell.part is not None
                    assert tell.part.start == tell.position
                    assert tell.part.independent or before is tell.source, (rendition, tell)
                if tell.returns or (before is SLATE and tell.source is not SLATE):
                    assert tell.position % PARTS == 0
                if before is BACKUP and tell.source is PRIMARY:
                    assert tell.position % PARTS == 0
                before = tell.source

    @invariant()
    def renditions_agree(self) -> None:
        told = self.stage.told
        if told[PICTURE] and told[SOUND]:
            assert told[PICTURE][0].position == told[SOUND][0].position
            common = min(len(told[PICTURE]), len(told[SOUND]))
            for picture, sound in zip(told[PICTURE][:common], told[SOUND][:common], strict=True):
                assert picture.returns == sound.returns

    def teardown(self) -> None:
        """Whoever is there and gives all is seen in the end, up to his last part."""
        if not hasattr(self, "stage"):
            return
        self.goes_well(PRIMARY)
        assert self.stage.selector.source is PRIMARY
        for rendition in BOTH:
            assert self.stage.told[rendition][-1].position == self.now - 1

    def goes_well(self, source: Source) -> None:
        if source not in self.there:
            self.comes(source)
        self.quiet.clear()
        for _ in range(3 * PARTS):
            self.now += 1
            for rendition in BOTH:
                while self.stage.next[source, rendition] < self.now:
                    self.stage.give(source, 1, rendition)
            self.stage.advance(self.now)


TestAnything = Anything.TestCase
