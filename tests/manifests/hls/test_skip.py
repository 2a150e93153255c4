from __future__ import annotations

import pytest

from manifests.errors import PlaylistError
from manifests.hls import lines, skip
from manifests.hls.lines import Tag
from manifests.hls.skip import Skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("SKIPPED-SEGMENTS=3", Skip(segments=3)),
        ('SKIPPED-SEGMENTS=0,RECENTLY-REMOVED-DATERANGES=""', Skip(segments=0, removed_date_ranges=())),
        ('SKIPPED-SEGMENTS=3,RECENTLY-REMOVED-DATERANGES="a\tb c"', Skip(segments=3, removed_date_ranges=("a", "b c"))),
    ],
)
def test_both_ways(text: str, value: Skip) -> None:
    line = f"#EXT-X-SKIP:{text}"
    assert value.render() == line
    (tag,) = lines.read(f"#EXTM3U\n{line}")
    assert isinstance(tag, Tag)
    assert skip.parse(tag) == value


def test_an_id_with_a_tab_would_be_two() -> None:
    with pytest.raises(PlaylistError, match="quoted"):
        Skip(segments=0, removed_date_ranges=("a\tb",)).render()


def test_tabs_are_in_no_other_tag() -> None:
    with pytest.raises(PlaylistError, match="control character"):
        lines.read('#EXTM3U\n#EXT-X-DATERANGE:ID="a\tb"')


@pytest.mark.parametrize("text", ['RECENTLY-REMOVED-DATERANGES=""', "SKIPPED-SEGMENTS=-1", "SKIPPED-SEGMENTS=1.5"])
def test_what_breaks_a_rule_is_refused(text: str) -> None:
    with pytest.raises(PlaylistError, match="EXT-X-SKIP"):
        skip.parse(Tag(name=skip.TAG, value=text, line=1))
