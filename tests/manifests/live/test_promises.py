"""Whatever happens to a live rendition, in whatever order: what its players were told stays true (RFC 8216bis §6.2)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from manifests import hls
from manifests.hls import DateRange, MediaPlaylist, date_time
from manifests.live import ageing, change, decide, names, playlist, timeline
from manifests.live.directives import Directives
from manifests.live.iframes import IFrameTexts
from manifests.live.names import PartName, SegmentName
from manifests.live.texts import Texts
from manifests.live.timeline import Timeline
from manifests.live.updates import Skipping
from tests.manifests.live.paces import DAWN, VIDEO, begun

if TYPE_CHECKING:
    from manifests.live.state import LiveRendition, Position

TARGET_MS = 2000
WINDOW_S = 14
# What may change in place: counters, which parts are listed, what is hinted, what other renditions report.
_IN_PLACE = re.compile(r"#EXT-X-(PART|MEDIA-SEQUENCE|DISCONTINUITY-SEQUENCE|PRELOAD-HINT|RENDITION-REPORT|ENDLIST)\b.*")


def read(text: str) -> MediaPlaylist:
    found = hls.parse(text)
    assert isinstance(found, MediaPlaylist)
    return found


def body(text: str) -> list[str]:
    """The lines that may only be appended to, or leave from the front."""
    lines = [line for line in text.splitlines() if not _IN_PLACE.fullmatch(line)]
    while lines[0].startswith("#EXT") and not re.match("#EXT(INF|-X-(PROGRAM|DISC|GAP|DATERANGE))", lines[0]):
        del lines[0]
    return lines


def _without_segments(lines: list[str], cut: int) -> list[str]:
    """Without the first lines, but for date ranges among them: those stay when segments leave."""
    return [line for line in lines[:cut] if line.startswith("#EXT-X-DATERANGE")] + lines[cut:]


class Promises(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = DAWN
        self.state: LiveRendition = begun(window_s=WINDOW_S)
        self.timeline = Timeline()
        self.texts = Texts()
        self.inits = 1
        self.ranges = 0
        self.pruned: set[str] = set()
        self.told: tuple[int, str] | None = None
        self.told_plain: tuple[int, str] | None = None
        self.iframes = IFrameTexts()
        self.told_iframes: tuple[int, str] | None = None
        self.playlist: MediaPlaylist | None = None
        self.listed: set[Position] = set()
        self.unlisted: dict[Position, int] = {}
        self.discontinuities: dict[int, int] = {}

    def pass_time(self, ms: int) -> int:
        self.now += ms
        return self.now

    def part(self, duration: int = VIDEO.part, *, independent: bool = False) -> None:
        hinted = self.state.next_part
        grows = self.state.growing
        if grows is not None and grows.count == VIDEO.parts:
            self.state = change.end_segment(self.state, now_ms=self.pass_time(1))
        self.state = change.add_part(
            self.state, duration=duration, size=9, independent=independent, pdt_ms=self.now,
            now_ms=self.pass_time(320), picture=duration % 5,
        )  # fmt: skip
        assert self.state.last_part == hinted

    def whole(self) -> MediaPlaylist:
        return read(self.texts.full(self.state, timeline=self.timeline))

    def full_part_is_next(self) -> bool:
        grows = self.state.growing
        if grows is None or grows.count == VIDEO.parts:
            return True
        return not grows.gap and (grows.parts[-1].independent or 100 * grows.parts[-1].duration >= 85 * VIDEO.part)

    @precondition(lambda self: not self.state.ended and self.full_part_is_next())
    @rule(share=st.integers(1, 100), independent=st.booleans())
    def a_part_comes(self, share: int, independent: bool) -> None:
        self.part(VIDEO.part * share // 100, independent=independent)

    @precondition(lambda self: not self.state.ended and self.full_part_is_next())
    @rule(parts=st.integers(1, 40))
    def it_goes_on(self, parts: int) -> None:
        for _ in range(parts):
            self.part()
            self.all_that_is_listed_can_be_downloaded_and_parts_for_a_while_after()

    @precondition(lambda self: not self.state.ended and self.state.growing is not None)
    @rule()
    def a_segment_ends(self) -> None:
        self.state = change.end_segment(self.state, now_ms=self.pass_time(1))

    @precondition(lambda self: not self.state.ended)
    @rule(other=st.booleans())
    def it_is_interrupted(self, other: bool) -> None:
        self.inits += other
        self.state = change.discontinue(self.state, init=f"init-{self.inits}.mp4", now_ms=self.pass_time(1))

    @precondition(lambda self: not self.state.ended and self.state.segments)
    @rule(parts=st.integers(1, VIDEO.parts))
    def something_is_missing(self, parts: int) -> None:
        self.state = change.add_gap(self.state, parts=parts, now_ms=self.pass_time(parts * 320))

    @rule(ms=st.integers(0, 9000))
    def nothing_happens(self, ms: int) -> None:
        self.state = ageing.age(self.state, self.pass_time(ms))

    @rule(seconds=st.none() | st.integers(0, 20), before=st.integers(0, 5000))
    def a_date_range_is_added(self, seconds: int | None, before: int) -> None:
        self.ranges += 1
        start = date_time.from_ms(self.now - before)
        end = None if seconds is None else date_time.from_ms(self.now - before + 1000 * seconds)
        tag = DateRange(id=f"range-{self.ranges}", start=start, end=end)
        self.timeline = timeline.add(self.timeline, tag, now_ms=self.now, position=self.state.edge)

    @precondition(lambda self: self.state.first_ms is not None)
    @rule()
    def old_date_ranges_leave(self) -> None:
        before = {each.id for each in self.timeline.tags()}
        self.timeline = timeline.prune(
            self.timeline, first_ms=self.state.first_ms or 0, now_ms=self.now, remembered_ms=6 * TARGET_MS
        )  # fmt: skip
        self.pruned |= before - {each.id for each in self.timeline.tags()}

    @precondition(lambda self: len(self.state.segments) > 8)
    @rule()
    def it_ends(self) -> None:
        self.state = change.end(self.state, now_ms=self.pass_time(1))

    @invariant()
    def numbers_never_step_back_and_listed_segments_never_change(self) -> None:
        if self.state.last_part is None:
            return
        text = self.texts.full(self.state, timeline=self.timeline)
        new, old = read(text), self.playlist
        assert text == Texts().full(self.state, timeline=self.timeline), "what is remembered is what it is"
        number = new.discontinuity_sequence or 0
        for offset, segment in enumerate(new.segments):
            number += segment.discontinuity
            assert self.discontinuities.setdefault(new.media_sequence + offset, number) == number
        if old is not None:
            assert new.media_sequence >= old.media_sequence
            assert (new.discontinuity_sequence or 0) >= (old.discontinuity_sequence or 0)
            assert (new.target_duration, new.part_target) == (old.target_duration, old.part_target)
            assert new.server_control == old.server_control
            known = {segment.uri: segment for segment in old.segments}
            for segment in new.segments:
                before = known.get(segment.uri, segment)
                assert segment.parts in (before.parts, ())
                bare = replace(segment, map=None, before=(), listed=())
                assert bare == replace(before, map=None, before=(), listed=())
        self.playlist = new
        self._only_the_end_changed(self.told, text)
        self.told = (self.state.media_sequence, text)

    @invariant()
    def who_reads_it_from_the_bucket_has_the_same(self) -> None:
        assert change.lose(self.state, ()).segments == self.state.segments

    @invariant()
    def players_that_know_no_parts_see_the_same(self) -> None:
        if not self.state.segments:
            return
        text = self.texts.plain(self.state, timeline=self.timeline)
        plain = read(text)
        assert not any(segment.parts for segment in plain.segments)
        assert [segment.uri for segment in plain.segments] == [
            names.segment(segment.number) for segment in self.state.segments
        ]
        self._only_the_end_changed(self.told_plain, text)
        self.told_plain = (self.state.media_sequence, text)

    @invariant()
    def who_scrubs_sees_the_same(self) -> None:
        if not self.state.segments:
            return
        text = self.iframes.full(self.state, timeline=self.timeline)
        self._only_the_end_changed(self.told_iframes, text)
        self.told_iframes = (self.state.media_sequence, text)

    def _only_the_end_changed(self, old: tuple[int, str] | None, new: str) -> None:
        if old is None:
            return
        kept = [line for line in body(old[1]) if not any(f'ID="{gone}"' in line for gone in self.pruned)]
        ends = [0, *(place + 1 for place, line in enumerate(kept) if line.endswith(".m4s"))]
        gone = self.state.media_sequence - old[0]
        stays = _without_segments(kept, ends[gone] if gone < len(ends) else len(kept))
        assert stays == body(new)[: len(stays)]

    @invariant()
    def a_delta_update_and_what_was_there_make_the_whole(self) -> None:
        if self.state.last_part is None:
            return
        whole, left = self.whole(), playlist.skipped(self.state)
        for skipping in Skipping:
            delta = read(
                self.texts.delta(self.state, skipping, now_ms=self.now, timeline=self.timeline)
            )  # fmt: skip
            assert (delta.skip.segments if delta.skip else 0) == left
            assert [each.uri for each in delta.segments] == [each.uri for each in whole.segments[left:]]
            assert (delta.media_sequence, delta.discontinuity_sequence) == (
                whole.media_sequence,
                whole.discontinuity_sequence,
            )

    @invariant()
    def the_window_is_kept(self) -> None:
        if self.state.media_sequence > 40 and not self.state.ended:
            assert self.state.duration >= WINDOW_S * VIDEO.timescale >= 3 * TARGET_MS // 1000 * VIDEO.timescale
            assert self.state.duration - self.state.segments[0].duration < WINDOW_S * VIDEO.timescale

    @invariant()
    def all_that_is_listed_can_be_downloaded_and_parts_for_a_while_after(self) -> None:
        listed = set()
        for segment in (*self.state.segments, *([self.state.growing] if self.state.growing else [])):
            for index in range(segment.count if segment.unlisted_ms is None and not segment.gap else 0):
                listed.add((segment.number, index))
                assert self._delivers(PartName(number=segment.number, index=index))
            if segment.ended_ms is not None and not segment.gap:
                assert self._delivers(SegmentName(number=segment.number))
        for position in listed:
            self.unlisted.pop(position, None)
        for position, since in list(self.unlisted.items()):
            if self.now >= since + 3 * TARGET_MS:
                del self.unlisted[position]
            else:
                assert self._delivers(PartName(number=position[0], index=position[1]))
        self.unlisted.update(dict.fromkeys(self.listed - listed, self.now))
        self.listed = listed

    def _delivers(self, name: PartName | SegmentName) -> bool:
        answer = decide.media(self.state, name, arrived_ms=self.now, now_ms=self.now)
        return isinstance(answer, decide.Deliver)

    @invariant()
    def whoever_asks_for_the_next_part_waits_for_it_and_it_is_hinted(self) -> None:
        if self.state.ended or self.state.last_part is None:
            return
        position = self.state.next_part
        asked = Directives(msn=position[0], part=position[1])
        for answer in (
            decide.playlist(self.state, asked, arrived_ms=self.now, now_ms=self.now),
            decide.media(
                self.state, PartName(number=position[0], index=position[1]), arrived_ms=self.now, now_ms=self.now
            ),
        ):
            assert isinstance(answer, decide.Wait)
        assert [hint.uri for hint in self.whole().preload_hints if hint.type == "PART"] == [names.part(*position)]


Promises.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestPromises = Promises.TestCase
