from __future__ import annotations

import pytest

from manifests.captions import cue_settings, ttml_style, xml_tree
from manifests.captions.ttml_style import Styles


@pytest.mark.parametrize(
    ("region", "style", "expected"),
    [
        ({}, {}, ""),
        ({}, {"textAlign": "center"}, ""),
        ({}, {"textAlign": "right"}, "align:right"),
        ({"origin": "10% 80%", "extent": "80% 20%"}, {"textAlign": "center"}, ""),
        ({"origin": "10% 10%", "extent": "80% 20%"}, {"textAlign": "center"}, "line:0"),
        ({"origin": "0% 0%", "extent": "100% 100%"}, {"textAlign": "center", "displayAlign": "after"}, ""),
        (
            {"origin": "0% 0%", "extent": "100% 100%"},
            {"textAlign": "center", "displayAlign": "center"},
            "line:50%,center",
        ),
        ({"origin": "60% 80%", "extent": "30% 20%"}, {"textAlign": "end"}, "position:90% size:30% align:end"),
        ({"origin": "60% 80%", "extent": "30% 20%"}, {}, "position:60% size:30% align:start"),
        ({"origin": "10px 10px", "extent": "80px 20px"}, {}, ""),
    ],
)
def test_settings(region: dict[str, str], style: dict[str, str], expected: str) -> None:
    found = ttml_style.settings(style, region)
    assert found == expected == cue_settings.parse(found)


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ({}, ()),
        ({"color": "white", "backgroundColor": "black"}, ()),
        ({"color": "#ffff00ff", "backgroundColor": "blue"}, ("c.yellow.bg_blue",)),
        ({"color": "rgb(1,2,3)", "fontWeight": "bold"}, ("b",)),
        ({"fontStyle": "oblique", "textDecoration": "noOutline underline"}, ("i", "u")),
    ],
)
def test_tags(style: dict[str, str], expected: tuple[str, ...]) -> None:
    assert ttml_style.tags(style) == expected


def styles(head: str) -> Styles:
    space = 'xmlns:tts="http://www.w3.org/ns/ttml#styling" xmlns:old="http://www.w3.org/2006/10/ttaf1#style"'
    return Styles(xml_tree.parse(f"<tt {space}><head>{head}</head></tt>"))


def test_references_are_followed_and_overridden() -> None:
    found = styles(
        '<style xml:id="a" tts:color="red" tts:fontStyle="italic"/><style xml:id="b" style="a" tts:color="lime"/>'
        '<region xml:id="r" style="b"><style old:origin="1% 2%"/></region>'
    )
    assert found.region("r") == {"color": "lime", "fontStyle": "italic", "origin": "1% 2%"}
    assert found.region("none") == found.region(None) == {}


def test_circles_and_long_chains_end() -> None:
    many = "".join(f'<style xml:id="s{n}" style="s{n + 1} s{(n + 2) % 3000}" tts:color="c{n}"/>' for n in range(3000))
    found = styles(f'{many}<region xml:id="r" style="s0"/>')
    assert found.region("r") == {"color": "c0"}
