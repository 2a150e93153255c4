from __future__ import annotations

import pytest

from manifests.captions import ass
from manifests.errors import CaptionError

HEAD = "[V4+ Styles]\nFormat: Name, Alignment\nStyle: Top,8\nStyle: Default,2\n\n[Events]\n"


@pytest.mark.parametrize(
    ("dialogue", "expected", "settings"),
    [
        (r"0,0:00:01.00,0:00:02.50,Default,,0,0,0,,one, two\Nthree\hx", "one, two\nthree\u00a0x", ""),
        (r"0,0:00:01.00,0:00:02.50,Top,,0,0,0,,top", "top", "line:0"),
        (r"0,0:00:01.00,0:00:02.50,*Top,,0,0,0,,{\an1}left", "left", "align:left"),
        (r"0,0:00:01.00,0:00:02.50,None,,0,0,0,,{\i1}it{\i0} {\fs9\b1}b{comment}", "<i>it</i> <b>b</b>", ""),
        (r"0,0:00:01.00,0:00:02.50,Default,,0,0,0,,<b>1 & 2</b>", "&lt;b&gt;1 &amp; 2&lt;/b&gt;", ""),
    ],
)
def test_dialogue(dialogue: str, expected: str, settings: str) -> None:
    (cue,) = ass.parse(f"{HEAD}Dialogue: {dialogue}\n").cues
    assert (cue.start, cue.end, cue.text, cue.settings) == (1000, 2500, expected, settings)


def test_old_styles_count_places_in_their_own_way() -> None:
    text = HEAD.replace("V4+", "V4").replace("Top,8", "Top,6") + "Dialogue: 0,0:00:01.00,0:00:02.00,Top,,0,0,0,,x\n"
    assert ass.parse(text).cues[0].settings == "line:0"


@pytest.mark.parametrize(
    "dialogue",
    [
        "0,0:00:01,0:00:02.00,Default,,0,0,0,,x",
        "0,0:00:01.00",
        "",
        r"0,0:00:01.00,0:00:02.00,D,,0,0,0,,{\p1}m 0 0{\p0}",
    ],
)
def test_what_cannot_be_shown_is_left_out_and_said(dialogue: str) -> None:
    track = ass.parse(f"{HEAD}Dialogue: {dialogue}\nDialogue: 0,0:00:01.00,0:00:02.00,,,0,0,0,,kept\n")
    assert [cue.text for cue in track.cues] == ["kept"]
    assert track.warnings[0].startswith("Line 7: ")


def test_comments_are_no_captions() -> None:
    with pytest.raises(CaptionError) as caught:
        ass.parse(f"{HEAD}Comment: 0,0:00:01.00,0:00:02.00,,,0,0,0,,x\n")
    assert caught.value.code == "no-cues"
