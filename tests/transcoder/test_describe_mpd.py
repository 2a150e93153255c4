"""MPDs of plans (ISO/IEC 23009-1): valid, exact, and of the same segments as HLS."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from defusedxml import ElementTree

from manifests import layout
from manifests.layout import RenditionId
from tests.mpd_rules import NAMESPACE, faults, timeline
from tests.transcoder.test_describe import ASSET, RELATIVE, RUNGS, WHOLE, audio, media_of, plan, sizes, video
from transcoder.captions.listed import ListedTrack
from transcoder.describe import caption_playlist, mpd, multivariant, under
from transcoder.describe.captions import length_of
from transcoder.plan import Plan, SoundKind
from transcoder.video import timescale

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

HEVC = replace(RUNGS[1], id=RenditionId("h720-1"), codecs="hvc1.1.6.L93.B0")
PLANS = {
    "whole": WHOLE,
    "video only": plan(video()),
    "audio only": plan(None, audio(default=True), audio(2, "de", 'Kurt "live"\n<&>')),
    "odd": plan(video(Fraction(60000, 1001), 7, 240), audio(seconds=1)),
    "two codecs": plan(replace(video(), rungs=(*RUNGS, HEVC)), audio()),
    "no language": plan(video(), audio(1, "", ""), audio(2, "not a language!", "x")),
}


def rendered(of: Plan, *, measured: bool = True) -> Element:
    return ElementTree.fromstring(mpd(of, sizes(of) if measured else None, uri_of=RELATIVE).render())


def sets(root: Element) -> list[Element]:
    return list(root.iter(f"{NAMESPACE}AdaptationSet"))


def bandwidths(root: Element) -> dict[str, int]:
    found = root.iter(f"{NAMESPACE}Representation")
    return {each.attrib["id"]: int(each.attrib["bandwidth"]) for each in found}


def values(of: Element, name: str) -> list[str | None]:
    return [each.get("value") for each in of.iter(f"{NAMESPACE}{name}")]


@pytest.mark.parametrize("of", PLANS.values(), ids=PLANS)
def test_it_keeps_to_the_standard(of: Plan) -> None:
    for measured in (sizes(of), None):
        assert faults(mpd(of, measured, uri_of=RELATIVE).render()) == []
        assert faults(mpd(of, measured, uri_of=under("https://cdn.example.org/x/")).render()) == []


@pytest.mark.parametrize("of", PLANS.values(), ids=PLANS)
def test_it_names_the_segments_of_hls_at_the_same_times(of: Plan) -> None:
    seen = set()
    for each in sets(rendered(of)):
        template = each.find(f"{NAMESPACE}SegmentTemplate")
        assert template is not None
        spans = timeline(template)
        for representation in each.iter(f"{NAMESPACE}Representation"):
            name = representation.attrib["id"]
            seen.add(name)
            playlist, at = media_of(of, name), Fraction(0)
            assert playlist.map is not None
            init = template.attrib["initialization"].replace("$RepresentationID$", name)
            assert init == f"{name}/{playlist.map.uri}"
            assert len(spans) == len(playlist.segments)
            for number, (segment, (begin, end)) in enumerate(zip(playlist.segments, spans, strict=True)):
                url = template.attrib["media"].replace("$RepresentationID$", name).replace("$Number$", str(number))
                assert url == f"{name}/{segment.uri}"
                assert abs(begin - at) <= Fraction(1, 10**6)
                assert abs(end - begin - segment.duration) <= Fraction(1, 10**6)
                at += segment.duration
    assert seen == set(of.renditions())


def test_times_are_in_the_ticks_of_the_tracks() -> None:
    scales = {each.get("timescale") for each in rendered(WHOLE).iter(f"{NAMESPACE}SegmentTemplate")}
    assert WHOLE.video is not None
    assert scales == {str(timescale(WHOLE.video)), "48000"}


def test_rates_are_those_of_the_renditions_alone() -> None:
    found = bandwidths(rendered(WHOLE))
    for variant in multivariant(WHOLE, sizes(WHOLE), uri_of=RELATIVE).variants:
        assert found[variant.uri.partition("/")[0]] + found["a1-1"] == variant.bandwidth
    declared = {rung.id: rung.bandwidth for rung in RUNGS}
    assert bandwidths(rendered(WHOLE, measured=False)) == {**declared, "a1-1": 128_000, "a2-1": 128_000}


def test_pictures_of_each_codec_are_a_set_that_names_the_others() -> None:
    first, second, *_ = sets(rendered(PLANS["two codecs"]))
    assert [each.get("codecs", "")[:4] for each in first.iter(f"{NAMESPACE}Representation")] == ["avc1"] * 4
    assert [each.get("id") for each in second.iter(f"{NAMESPACE}Representation")] == ["h720-1"]
    assert values(first, "SupplementalProperty") == [second.get("id")]
    assert values(second, "SupplementalProperty") == [first.get("id")]
    assert values(sets(rendered(WHOLE))[0], "SupplementalProperty") == []


def test_pictures_have_sizes_and_rates() -> None:
    pictures = sets(rendered(WHOLE))[0]
    assert (pictures.get("maxWidth"), pictures.get("maxHeight"), pictures.get("par")) == ("1920", "1080", "16:9")
    assert pictures.get("maxFrameRate") == "30000/1001"
    assert {each.get("id"): each.get("frameRate") for each in pictures.iter(f"{NAMESPACE}Representation")} == {
        "v234-1": "15000/1001", "v540-1": "30000/1001", "v720-1": "30000/1001", "v1080-1": "30000/1001",
    }  # fmt: skip


def test_sound_says_what_it_is_for() -> None:
    of = plan(
        video(), audio(1, "de", "Deutsch"), audio(2, "en", "English", default=True),
        replace(audio(3, "en", "Described"), kind=SoundKind.DESCRIPTION),
        replace(audio(4, "fr", "Commentaire"), kind=SoundKind.COMMENTARY),
        replace(audio(5, "en", "English", default=True), id=RenditionId("s2-1"), stream=2, channels=6),
    )  # fmt: skip
    found = {
        representation.attrib["id"]: each
        for each in sets(rendered(of))[1:]
        for representation in each.iter(f"{NAMESPACE}Representation")
    }
    assert {name: values(each, "Role") for name, each in found.items()} == {
        "a1-1": ["alternate"], "a2-1": ["main"], "a3-1": ["description"], "a4-1": ["commentary"], "s2-1": ["alternate"],
    }  # fmt: skip
    assert {name for name, each in found.items() if each.get("selectionPriority") == "2"} == {"a2-1"}
    assert values(found["a3-1"], "Accessibility") == ["1"]
    assert values(found["a2-1"], "Accessibility") == []
    assert [values(each, "AudioChannelConfiguration") for each in found.values()] == [["2"]] * 4 + [["6"]]
    assert [each.get("lang") for each in found.values()] == ["de", "en", "en", "fr", "en"]


def test_captions_are_sets_of_text() -> None:
    tracks = (
        ListedTrack(rendition=RenditionId("t1-1"), language="en", name="English", kind="captions", default=True),
        ListedTrack(rendition=RenditionId("t2-1"), language="de", name="Deutsch", kind="subtitles"),
        ListedTrack(rendition=RenditionId("t3-2"), language="fr", name="", kind="forced"),
    )
    document = mpd(WHOLE, sizes(WHOLE), captions=tracks, uri_of=RELATIVE).render()
    assert faults(document) == []
    found = sets(ElementTree.fromstring(document))[3:]
    assert [each.get("lang") for each in found] == ["en", "de", "fr"]
    assert [values(each, "Role") for each in found] == [["caption", "main"], ["subtitle"], ["forced-subtitle"]]
    assert {each.get("mimeType") for each in found} == {"text/vtt"}
    for each, track in zip(found, tracks, strict=True):
        template = each.find(f"{NAMESPACE}SegmentTemplate")
        assert template is not None
        media = template.attrib["media"].replace("$RepresentationID$", track.rendition).replace("$Number$", "1")
        assert media == RELATIVE(layout.caption_segment(ASSET, track.rendition, 1))
        playlist = caption_playlist(ASSET, track.rendition, length_of(WHOLE.duration), uri_of=RELATIVE)
        assert [end - begin for begin, end in timeline(template)] == [each.duration for each in playlist.segments]


def test_a_language_that_is_none_is_left_out() -> None:
    assert [each.get("lang") for each in sets(rendered(PLANS["no language"]))[1:]] == [None, None]


def test_absolute_uris() -> None:
    root = ElementTree.fromstring(mpd(WHOLE, None, uri_of=under("https://cdn.example.org/x/")).render())
    for template in root.iter(f"{NAMESPACE}SegmentTemplate"):
        media = template.attrib["media"].replace("$RepresentationID$", "a1-1").replace("$Number$", "3")
        assert media == f"https://cdn.example.org/x/{layout.segment(ASSET, RenditionId('a1-1'), 3)}"
