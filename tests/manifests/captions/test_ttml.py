from __future__ import annotations

import pytest

from manifests.captions import ttml
from manifests.errors import CaptionError

SPACES = (
    'xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" '
    'xmlns:ttp="http://www.w3.org/ns/ttml#parameter" xmlns:smpte="http://www.smpte-ra.org/schemas/2052-1/2010/smpte-tt"'
)


def document(body: str, head: str = "", attributes: str = "") -> str:
    return f"<tt {SPACES} {attributes}><head>{head}</head><body>{body}</body></tt>"


def cues(body: str, head: str = "", attributes: str = "") -> list[tuple[int, int, str]]:
    return [(cue.start, cue.end, cue.text) for cue in ttml.parse(document(body, head, attributes)).cues]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<div><p begin="1s" end="2s">a</p></div>', [(1000, 2000, "a")]),
        ('<div begin="10s"><p begin="1s" dur="2s">a</p></div>', [(11_000, 13_000, "a")]),
        ('<div end="5s"><p begin="1s" end="9s">a</p></div>', [(1000, 5000, "a")]),
        ('<div><p begin="1s" dur="9s" end="3s">a</p></div>', [(1000, 3000, "a")]),
        (
            '<div timeContainer="seq"><p dur="1s">a</p><p begin="1s" dur="1s">b</p></div>',
            [(0, 1000, "a"), (2000, 3000, "b")],
        ),
        (
            '<div timeContainer="seq"><div><p begin="1s" dur="1s">a</p></div><p dur="1s">b</p></div>',
            [(1000, 2000, "a"), (2000, 3000, "b")],
        ),
        (
            '<div><p begin="1s" end="9s"><span begin="1s" end="3s">a</span> <span begin="2s">b</span></p></div>',
            [(2000, 3000, "a"), (3000, 4000, "a b"), (4000, 9000, "b")],
        ),
        (
            '<div><p begin="0s" end="9s"><set begin="2s" dur="2s" tts:visibility="hidden"/>a</p></div>',
            [(0, 2000, "a"), (4000, 9000, "a")],
        ),
        ('<div><p begin="0s" end="1s" tts:display="none">a</p><p begin="0s" end="1s">b</p></div>', [(0, 1000, "b")]),
        ('<div><p begin="nonsense" end="1s">a</p><p begin="0s" end="1s">b</p></div>', [(0, 1000, "b")]),
    ],
)
def test_times(body: str, expected: list[tuple[int, int, str]]) -> None:
    assert cues(body) == expected


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("  a \n  b<br/>c  ", "a b\nc"),
        ("a<span> b<span> c</span></span> d", "a b c d"),
        ('<span tts:fontStyle="italic">a<span tts:color="red">b</span></span>c', "<i>a<c.red>b</c></i>c"),
        ('<span style="s">a</span>', "<b>a</b>"),
        ("a &lt;script&gt; &amp; b", "a &lt;script&gt; &amp; b"),
        ('<metadata xmlns="urn:x">hidden</metadata>shown', "shown"),
        (
            '<span tts:ruby="container"><span tts:ruby="base">a</span><span tts:ruby="delimiter">(</span>'
            '<span tts:ruby="text">b</span></span>',
            "<ruby>a<rt>b</rt></ruby>",
        ),
    ],
)
def test_text(inside: str, expected: str) -> None:
    head = '<styling><style xml:id="s" tts:fontWeight="bold"/></styling>'
    assert cues(f'<div><p begin="0s" end="1s">{inside}</p></div>', head) == [(0, 1000, expected)]


def test_space_is_preserved_where_it_says_so() -> None:
    assert cues('<div><p xml:space="preserve" begin="0s" end="1s">a  b\nc</p></div>') == [(0, 1000, "a  b\nc")]


def test_a_region_is_a_place() -> None:
    head = '<layout><region xml:id="r" tts:origin="10% 5%" tts:extent="80% 20%" tts:textAlign="center"/></layout>'
    (cue,) = ttml.parse(document('<div region="r"><p begin="0s" end="1s">a</p></div>', head)).cues
    assert cue.settings == "line:0"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (document('<div smpte:backgroundImage="#i"><p begin="0s" end="1s"/></div>'), "image-captions"),
        (document("", attributes='ttp:profile="http://www.w3.org/ns/ttml/profile/imsc1/image"'), "image-captions"),
        (document('<div><p begin="0s" end="1s"><image src="x.png"/></p></div>'), "image-captions"),
        (document(""), "no-cues"),
        ("<html><body><p>x</p></body></html>", "unknown-format"),
        (document("", attributes='ttp:timeBase="clock"'), "time-base"),
    ],
)
def test_what_is_refused(text: str, code: str) -> None:
    with pytest.raises(CaptionError) as caught:
        ttml.parse(text)
    assert caught.value.code == code


PARTS = "".join(f'<span begin="{n}s" dur="1s">x</span>' for n in range(40))
SETS = "".join(f'<set begin="{n}s" dur="500ms" tts:display="none"/>' for n in range(40))


@pytest.mark.parametrize(
    ("inside", "paragraphs"),
    [(PARTS * 10, 1), (PARTS, 10), (f"{SETS}x", 3)],
    ids=["one paragraph", "many", "on and off"],
)
def test_what_comes_and_goes_without_end_is_refused(
    inside: str, paragraphs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ttml, "_MAX_WORK", 12_000)
    with pytest.raises(CaptionError) as caught:
        ttml.parse(document(f'<div>{f"""<p begin="0s" end="99s">{inside}</p>""" * paragraphs}</div>'))
    assert caught.value.code == "too-complex"


def test_karaoke_is_not() -> None:
    words = "".join(f'<span begin="{n}s">la </span>' for n in range(12))
    lines = "".join(f'<p begin="{n * 13}s" dur="13s">{words}</p>' for n in range(100))
    assert len(cues(f"<div>{lines}</div>")) == 1200
