from __future__ import annotations

import itertools

from tests.transcoder.live import feeds
from transcoder.boxes import read_moof
from transcoder.live.grid import AAC_FRAME
from transcoder.live.silence import silence

EVENT = feeds.event()
TRACK = EVENT.grid.audio()


def test_it_is_as_long_as_the_pictures_and_on_the_same_grid() -> None:
    begin = 935_070_981 * TRACK.segment + 5 * AAC_FRAME + 100
    made: list[tuple[int, int]] = []
    at = begin
    for _ in range(9):  # a part of pictures after the other
        stop = (at // TRACK.part + 1) * TRACK.part
        for part in silence(EVENT.sound.id, TRACK, start=at, stop=stop):
            made.append((part.start, part.duration))
            assert len(read_moof(part.body).samples) * AAC_FRAME == part.duration
            assert part.last is ((part.start + part.duration) % TRACK.segment == 0)
        at = stop
    assert made[0] == (begin - 100 + AAC_FRAME, 9 * AAC_FRAME)
    assert [duration for _, duration in made[1:]] == [TRACK.part] * 8
    assert all(start + duration == following for (start, duration), (following, _) in itertools.pairwise(made))
