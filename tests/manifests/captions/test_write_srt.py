from __future__ import annotations

from manifests.captions import srt
from manifests.captions.model import Cue
from manifests.captions.write_srt import srt as write


def test_three_tags_stay_and_escapes_are_read() -> None:
    cue = Cue(start=3_723_004, end=3_724_000, text="<v Ann><b>Fish</b></v> &amp; <c.yellow>chips</c>\n&lt;now&gt;")
    assert write([cue]) == "1\n01:02:03,004 --> 01:02:04,000\n<b>Fish</b> & chips\n<now>\n"


def test_cues_are_numbered_and_parted_by_an_empty_line() -> None:
    made = write([Cue(start=0, end=10, text="a"), Cue(start=20, end=30, text="<i>b</i>")])
    assert made == "1\n00:00:00,000 --> 00:00:00,010\na\n\n2\n00:00:00,020 --> 00:00:00,030\n<i>b</i>\n"
    assert [cue.text for cue in srt.parse(made).cues] == ["a", "<i>b</i>"]
