"""Cues for properties."""

from __future__ import annotations

from hypothesis import strategies as st

from manifests.captions import cue_settings, cue_text
from manifests.captions.model import Cue, identifier


def cue(start: int, end: int, text: str) -> Cue:
    """A cue with nothing but times and text."""
    return Cue(start=start, end=end, text=text)


_WORDS = st.lists(
    st.sampled_from(["<b>", "</b>", "<v Ann>", "</v>", "<c.red>", "</c>", "\n", " ", "-->", "&amp;", "NOTE", "WEBVTT"])
    | st.text(min_size=1, max_size=8).map(cue_text.escape),
    min_size=1,
    max_size=8,
).map(lambda pieces: cue_text.clean("".join(pieces)))

TEXTS = _WORDS.filter(lambda text: bool(cue_text.plain(text).strip()))

_SETTINGS = st.sampled_from(["", "line:0", "line:50%,center align:left", "vertical:rl position:12.5% size:80%"])

CUES = (
    st.lists(
        st.builds(
            lambda start, length, text, settings, name: Cue(
                start=start,
                end=start + length,
                text=text,
                settings=cue_settings.parse(settings),
                identifier=identifier(name),
            ),
            st.integers(0, 50_000),
            st.integers(1, 20_000),
            TEXTS,
            _SETTINGS,
            st.text(max_size=10),
        ),
        min_size=1,
        max_size=6,
    )
    .map(lambda cues: sorted(cues, key=lambda one: one.start))
    .map(tuple)
)
"""Sound cues in order of their beginnings, at least one."""
