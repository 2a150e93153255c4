"""MPDs as values: what they render is what the standard allows, and what breaks a rule is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from defusedxml import ElementTree
from hypothesis import given
from hypothesis import strategies as st

from manifests.dash import AdaptationSet, Descriptor, Mpd, MpdError, Representation, SegmentTemplate
from manifests.dash.descriptor import ROLE
from tests.mpd_rules import NAMESPACE, faults, timeline

TEMPLATE = SegmentTemplate(
    media="$RepresentationID$/$Number$.m4s", initialization="$RepresentationID$/init.mp4", timescale=25,
    durations=(100, 100, 50),
)  # fmt: skip
PICTURE = Representation(
    id="v720-1", bandwidth=3_000_000, codecs="avc1.64001f", width=1280, height=720, frame_rate=Fraction(30000, 1001)
)
PICTURES = AdaptationSet(
    id=1, content_type="video", mime_type="video/mp4", roles=(Descriptor(scheme=ROLE, value="main"),),
    template=TEMPLATE, representations=(PICTURE,),
)  # fmt: skip
SOUND = AdaptationSet(
    id=2, content_type="audio", mime_type="audio/mp4", language="en-GB", label="English", priority=2,
    channels=Descriptor(scheme="urn:x", value="2"), accessibility=(Descriptor(scheme="urn:y", value="1"),),
    template=TEMPLATE,
    representations=(Representation(id="a1-1", bandwidth=128_000, codecs="mp4a.40.2", sampling_rate=48000),),
)  # fmt: skip
WHOLE = Mpd(duration=Fraction(10), min_buffer=Fraction(4), sets=(PICTURES, SOUND))

GOOD = """<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" \
profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019" type="static" \
mediaPresentationDuration="PT10S" minBufferTime="PT4S" maxSegmentDuration="PT4S">
  <Period id="0" start="PT0S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" par="16:9" maxWidth="1280" maxHeight="720" \
maxFrameRate="30000/1001" segmentAlignment="true" startWithSAP="1">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main" />
      <SegmentTemplate timescale="25" startNumber="0" initialization="$RepresentationID$/init.mp4" \
media="$RepresentationID$/$Number$.m4s">
        <SegmentTimeline>
          <S t="0" d="100" r="1" />
          <S d="50" />
        </SegmentTimeline>
      </SegmentTemplate>
      <Representation id="v720-1" bandwidth="3000000" codecs="avc1.64001f" width="1280" height="720" sar="1:1" \
frameRate="30000/1001" />
    </AdaptationSet>
    <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" lang="en-GB" segmentAlignment="true" \
startWithSAP="1" selectionPriority="2">
      <AudioChannelConfiguration schemeIdUri="urn:x" value="2" />
      <Label>English</Label>
      <Accessibility schemeIdUri="urn:y" value="1" />
      <SegmentTemplate timescale="25" startNumber="0" initialization="$RepresentationID$/init.mp4" \
media="$RepresentationID$/$Number$.m4s">
        <SegmentTimeline>
          <S t="0" d="100" r="1" />
          <S d="50" />
        </SegmentTimeline>
      </SegmentTemplate>
      <Representation id="a1-1" bandwidth="128000" codecs="mp4a.40.2" audioSamplingRate="48000" />
    </AdaptationSet>
  </Period>
</MPD>
"""


def test_render() -> None:
    assert WHOLE.render() == GOOD
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('minBufferTime="PT4S" ', ""),
        ('type="static"', 'type="live"'),
        ('"PT10S"', '"10s"'),
        ('"PT10S"', '"PT12S"'),
        ('maxSegmentDuration="PT4S"', 'maxSegmentDuration="PT3S"'),
        ('id="2"', 'id="1"'),
        ('id="2"', 'id="two"'),
        ('id="a1-1"', 'id="v720-1"'),
        ('lang="en-GB"', 'lang="English (GB)"'),
        ('bandwidth="128000" ', ""),
        ('bandwidth="128000"', 'bandwidth="128k"'),
        ("$Number$", "$Time$"),
        ('d="50"', 'd="50" e="1"'),
        ("<Label>English</Label>\n      <Accessibility", "<Accessibility"),
        ("Role ", "Rolle "),
    ],
)
def test_the_rules_that_ours_are_held_against_are_strict(old: str, new: str) -> None:
    assert old in GOOD
    broken = GOOD.replace(old, new, 1)
    if "Label" in old:
        label = "<Label>English</Label>"
        broken = broken.replace("</SegmentTemplate>\n      <Representation id=\"a1-1\"", f"</SegmentTemplate>{label}\n"
                                "      <Representation id=\"a1-1\"")  # fmt: skip
    assert faults(broken) != []


WIDE = replace(PICTURE, id="v1080-1", width=1920, height=1080)


@pytest.mark.parametrize(
    "broken",
    [
        replace(WHOLE, sets=()),
        replace(WHOLE, duration=Fraction(0)),
        replace(WHOLE, min_buffer=Fraction(-1)),
        replace(WHOLE, sets=(PICTURES, replace(SOUND, id=1))),
        replace(WHOLE, sets=(PICTURES, replace(SOUND, representations=(PICTURE,)))),
        replace(WHOLE, sets=(replace(PICTURES, representations=()),)),
        replace(WHOLE, sets=(replace(SOUND, language="Deutsch!"),)),
        replace(WHOLE, sets=(replace(SOUND, label="a\x00b"),)),
        replace(WHOLE, sets=(replace(SOUND, label="\ud800"),)),
        replace(WHOLE, sets=(replace(PICTURES, representations=(PICTURE, replace(WIDE, codecs="hvc1.1.6.L93.B0"))),)),
        replace(WHOLE, sets=(replace(PICTURES, representations=(replace(PICTURE, id="a b"),)),)),
        replace(WHOLE, sets=(replace(PICTURES, representations=(replace(PICTURE, id="$Number$"),)),)),
        replace(WHOLE, sets=(replace(PICTURES, representations=(replace(PICTURE, bandwidth=0),)),)),
        replace(WHOLE, sets=(replace(PICTURES, template=replace(TEMPLATE, media="0.m4s")),)),
        replace(WHOLE, sets=(replace(PICTURES, template=replace(TEMPLATE, durations=())),)),
        replace(WHOLE, sets=(replace(PICTURES, template=replace(TEMPLATE, durations=(1, 0))),)),
        replace(WHOLE, sets=(replace(PICTURES, template=replace(TEMPLATE, timescale=0)),)),
        replace(WHOLE, sets=(replace(PICTURES, template=replace(TEMPLATE, begin=-1)),)),
        replace(
            WHOLE,
            sets=(
                replace(PICTURES, template=replace(TEMPLATE, media="$Number$.m4s"), representations=(PICTURE, WIDE)),
            ),
        ),
    ],
)
def test_what_breaks_a_rule_is_not_rendered(broken: Mpd) -> None:
    with pytest.raises(MpdError):
        broken.render()


@given(
    st.lists(st.integers(1, 400_000), min_size=1, max_size=40),
    st.integers(0, 10**9),
    st.integers(1, 90_000),
)
def test_a_timeline_says_exactly_when_each_segment_begins(durations: list[int], begin: int, scale: int) -> None:
    template = SegmentTemplate(media="$Number$.m4s", timescale=scale, begin=begin, durations=tuple(durations))
    whole = replace(WHOLE, sets=(replace(SOUND, template=template),), duration=Fraction(sum(durations), scale))
    element = ElementTree.fromstring(whole.render()).find(f".//{NAMESPACE}SegmentTemplate")
    expected = [
        (Fraction(first, scale), Fraction(last, scale)) for first, last in pairwise(accumulate(durations, initial=0))
    ]
    assert timeline(element) == expected


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), min_size=1))
def test_a_label_survives_and_cannot_break_out(label: str) -> None:
    root = ElementTree.fromstring(replace(WHOLE, sets=(replace(SOUND, label=label),)).render())
    assert [each.text for each in root.iter(f"{NAMESPACE}Label")] == [label]
