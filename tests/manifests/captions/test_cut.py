"""Captions of a part: nothing of them shows outside of it, and nothing that shows in it is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from manifests.captions.cut import cut
from manifests.captions.model import Cue

TIMES = st.integers(0, 5_000)
CUES = st.lists(st.tuples(TIMES, st.integers(1, 2_000)), max_size=8).map(
    lambda spans: tuple(Cue(start=start, end=start + length, text=f"{n}") for n, (start, length) in enumerate(spans))
)


def shown(cues: tuple[Cue, ...], at: int) -> list[str]:
    return [cue.text for cue in cues if cue.start <= at < cue.end]


@given(CUES, TIMES, st.integers(1, 4_000))
def test_a_part_shows_what_the_whole_shows_there(cues: tuple[Cue, ...], begin: int, length: int) -> None:
    part = cut(cues, begin=begin, length=length)
    edges = {0, length - 1, *(time for cue in part for time in (cue.start, cue.end - 1, cue.end))}
    edges |= {time - begin for cue in cues for time in (cue.start, cue.end) if begin <= time < begin + length}
    for at in edges:
        assert shown(part, at) == (shown(cues, begin + at) if 0 <= at < length else [])
    assert all(0 <= cue.start < cue.end <= length for cue in part)


def test_a_caption_across_an_end_is_cut() -> None:
    cues = tuple(Cue(start=start, end=start + 900, text="x") for start in (0, 1000, 2000, 3000))
    part = cut(cues, begin=1400, length=1000)
    assert [(cue.start, cue.end) for cue in part] == [(0, 500), (600, 1000)]
