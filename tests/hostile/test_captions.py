"""Caption files that are none, are too much, or want something from elsewhere (item 21)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from manifests.captions import read, webvtt
from manifests.errors import CaptionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile.seed import Seed

_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
_TTML = '<tt xmlns="http://www.w3.org/ns/ttml"><body><div><p begin="0s" end="1s">{text}</p></div></body></tt>'


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f'<!DOCTYPE tt [<!ENTITY l0 "ha">{_LAUGHS}]>' + _TTML.format(text="&l11;"), "xml-entities"),
        ('<!DOCTYPE tt [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + _TTML.format(text="&x;"), "xml-entities"),
        ('<!DOCTYPE tt [<!ENTITY x SYSTEM "{url}">]>' + _TTML.format(text="&x;"), "xml-entities"),
        ('<!DOCTYPE tt SYSTEM "{url}">' + _TTML.format(text="x"), "xml-entities"),
        ("<tt>" + "<div>" * 100_000, "xml-too-large"),
        ("WEBVTT\n\n" + "00:00.000 --> 00:01.000\nx\n\n" * 1_900_000, "too-large"),
    ],
    ids=["billion laughs", "file", "address", "external subset", "nesting", "fifty megabytes"],
)  # fmt: skip
def test_what_is_no_caption_file(text: str, code: str, seed: Seed, watched: Callable[[], Any]) -> None:
    body = text.replace("{url}", seed.url).encode()
    with watched(), pytest.raises(CaptionError) as caught:
        read(body, "captions")
    assert caught.value.code == code


@pytest.mark.parametrize(
    "text",
    [
        "WEBVTT\n\n00:00.000 --> 00:01.000\nseen <script>alert(1)</script><img src=x onerror=alert(1)>\n",
        "WEBVTT\n\nSTYLE\n::cue { background: url(http://127.0.0.1/) }\n\n00:00.000 --> 00:01.000\nx\n",
        "1\n00:00:00,000 --> 00:00:01,000\nseen <font color='\"><script>'>x</font> <b onclick=x>y\n",
        _TTML.format(text="&lt;script&gt;alert(1)&lt;/script&gt;"),
    ],
    ids=["tags", "style", "attributes", "escaped"],
)
def test_no_markup_of_a_page_comes_out(text: str) -> None:
    written = webvtt(read(text.encode(), "captions").cues)
    assert "-->" in written
    assert not any(mark in written for mark in ("<script", "<img", "onclick", "url(", "onerror=alert(1)>"))
