from __future__ import annotations

import pytest

from manifests.errors import PlaylistError
from manifests.hls import lines
from manifests.hls.lines import Tag, Uri


def test_read() -> None:
    text = "#EXTM3U\r\n#EXT-X-VERSION:6\n\n# a comment\n#EXTINF:4,\nseg/0.m4s?x=1#y\n#EXT-X-ENDLIST"
    assert lines.read(text) == [
        Tag(name="EXT-X-VERSION", value="6", line=2),
        Tag(name="EXTINF", value="4,", line=5),
        Uri(text="seg/0.m4s?x=1#y", line=6),
        Tag(name="EXT-X-ENDLIST", value=None, line=7),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("\ufeff#EXTM3U\n", 1),
        ("#EXTM3U8\n", 1),
        ("\n#EXTM3U\n", 1),
        ("#EXTM3U\n#EXTINF:4,\n a.m4s", 3),
        ("#EXTM3U\na\x00b", 2),
        ("#EXTM3U\na\tb", 2),
        ("#EXTM3U\na\rb", 2),
        ("#EXTM3U\n#EXT_X", 2),
    ],
)
def test_read_refuses(text: str, line: int) -> None:
    with pytest.raises(PlaylistError) as caught:
        lines.read(text)
    assert caught.value.line == line


@pytest.mark.parametrize("text", ["", "#EXT-X-ENDLIST", "a\n#EXT-X-ENDLIST", "a\rb", " a", "a ", "a\x00"])
def test_a_uri_cannot_be_read_as_a_tag(text: str) -> None:
    with pytest.raises(PlaylistError, match="URI"):
        lines.uri(text)


def test_tag_values() -> None:
    assert Tag(name="T", value="12", line=1).integer() == 12
    for wrong in (None, "", "-1", "1.0", "²", "9" * 21):
        with pytest.raises(PlaylistError, match="line 1: T needs"):
            Tag(name="T", value=wrong, line=1).integer()
    Tag(name="T", value=None, line=1).bare()
    with pytest.raises(PlaylistError, match="T has no value"):
        Tag(name="T", value="", line=1).bare()


def test_once() -> None:
    tags = [Tag(name="A", value=None, line=2), Tag(name="B", value=None, line=3)]
    assert lines.once(tags) == {"A": tags[0], "B": tags[1]}
    with pytest.raises(PlaylistError, match="line 4: A must not appear twice"):
        lines.once([*tags, Tag(name="A", value=None, line=4)])
