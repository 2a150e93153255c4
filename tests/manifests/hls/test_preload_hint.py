from __future__ import annotations

import pytest

from manifests.errors import PlaylistError
from manifests.hls import preload_hint
from manifests.hls.lines import Tag
from manifests.hls.preload_hint import PreloadHint


def read(value: str) -> PreloadHint:
    return preload_hint.parse(Tag(name=preload_hint.TAG, value=value, line=3))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('TYPE=PART,URI="8-2.m4s"', PreloadHint(type="PART", uri="8-2.m4s")),
        ('TYPE=MAP,URI="i"', PreloadHint(type="MAP", uri="i")),
        (
            'TYPE=PART,URI="8.m4s",BYTERANGE-START=0,BYTERANGE-LENGTH=9',
            PreloadHint(type="PART", uri="8.m4s", start=0, length=9),
        ),
    ],
)
def test_both_ways(text: str, value: PreloadHint) -> None:
    assert read(text) == value
    assert value.render() == f"#EXT-X-PRELOAD-HINT:{text}"


@pytest.mark.parametrize("text", ["TYPE=PART", 'URI="a"', 'TYPE=KEY,URI="a"', 'TYPE="PART",URI="a"'])
def test_what_breaks_a_rule_is_refused(text: str) -> None:
    with pytest.raises(PlaylistError, match="EXT-X-PRELOAD-HINT"):
        read(text)
