from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.captions import cue_text

CASES = [
    ("plain", "plain"),
    ("two\nlines", "two\nlines"),
    ("  trimmed \n\n \t\n lines ", "trimmed\nlines"),
    ("carriage\r\nreturns\rhere", "carriage\nreturns\nhere"),
    ("<b>bold</b> <i>italic</i> <u>under</u>", "<b>bold</b> <i>italic</i> <u>under</u>"),
    ("<B>upper</B>", "<b>upper</b>"),
    ("<b>never closed", "<b>never closed</b>"),
    ("<b><i>crossed</b></i>", "<b><i>crossed</i></b>"),
    ("stray</b> end", "stray end"),
    ("<b></b>nothing in it", "nothing in it"),
    ("<c.yellow.bg_blue>colour</c>", "<c.yellow.bg_blue>colour</c>"),
    ("<c>no class</c>", "no class"),
    ('<c.a"b.ok>odd class</c>', "<c.ok>odd class</c>"),
    ("<v.loud Mary  Ann>Hi", "<v.loud Mary Ann>Hi</v>"),
    ("<v>nobody</v>", "nobody"),
    ("<v A&amp;B>both", "<v A&amp;B>both</v>"),
    ("<lang en-GB>colour</lang>", "<lang en-GB>colour</lang>"),
    ("<lang x y>bad</lang>", "bad"),
    ("<ruby>漢<rt>kan</rt>字<rt>ji</ruby>", "<ruby>漢<rt>kan</rt>字<rt>ji</rt></ruby>"),
    ("<rt>no ruby</rt>", "no ruby"),
    ("<00:00:01.000>karaoke", "karaoke"),
    ("a &lt;b&gt; &amp; &quot;c&quot;", 'a &lt;b&gt; &amp; "c"'),
    ("&nbsp;&lrm;x&#x41;", "\u00a0\u200exA"),
    ("rock & roll", "rock &amp; roll"),
    ("1 < 2", "1 &lt; 2"),
    ("2 > 1 --> 3", "2 &gt; 1 --&gt; 3"),
    ("nul\0 bell\a feff\ufeff", "nul bell feff"),
    ("<script>alert(1)</script>after", "after"),
    ("<SCRIPT src=//x>alert(1)", ""),
    ("<style>*{}</style>x", "x"),
    ("<img src=x onerror=alert(1)>", ""),
    ("<b onclick=alert(1)>x</b>", "<b>x</b>"),
    ("<scr<script>ipt>alert(1)</script>", "&lt;scr"),
    ("<a href='javascript:1'>link</a>", "link"),
    ("&lt;script&gt;as words&lt;/script&gt;", "&lt;script&gt;as words&lt;/script&gt;"),
    ("<b/onload=x>y", "y"),
    ("&#" + "9" * 10_000 + ";x", "x"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_clean(text: str, expected: str) -> None:
    assert cue_text.clean(text) == expected


PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "<b>",
                "</b>",
                "<i>",
                "</i>",
                "<v A B>",
                "</v>",
                "<ruby>",
                "<rt>",
                "</ruby>",
                "<c.x>",
                "</c>",
                "<script>",
            ),
            *(
                "<script>",
                "</script>",
                "&lt;",
                "&amp;",
                "&#0;",
                "&#13;",
                "&#1;",
                "&",
                "<",
                ">",
                "\n",
                " ",
                "\t",
                "\r",
                "lt;",
            ),
        ]
    )
    | st.text(max_size=3),
    max_size=24,
).map("".join)

CLEAN = re.compile(r"(?:</?[biu]>|</?ruby>|</?rt>|<c(?:\.[\w-]+)+>|</(?:c|v|lang)>|<(?:v|lang)[. ][^<>\n]+>|[^<>])*")


@given(PIECES)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = cue_text.clean(text)
    assert cue_text.clean(once) == once


@given(PIECES)
def test_what_is_clean_holds_known_tags_only_and_no_empty_line(text: str) -> None:
    cleaned = cue_text.clean(text)
    assert CLEAN.fullmatch(cleaned)
    assert not cleaned or all(line.strip(" ") for line in cleaned.split("\n"))


def test_depth_is_bounded() -> None:
    deep = cue_text.clean("<b>" * 1000 + "x")
    assert deep == "<b>" * cue_text.MAX_DEPTH + "x" + "</b>" * cue_text.MAX_DEPTH


def test_plain_is_what_a_viewer_reads() -> None:
    assert cue_text.plain("<v Mary>1 &lt; 2</v> <b>&amp;</b>") == "1 < 2 &"


def test_megabytes_of_markup_are_not_read() -> None:
    assert cue_text.clean("<b>" * cue_text.MAX_RAW) == "&lt;b&gt;" * cue_text.MAX_RAW
