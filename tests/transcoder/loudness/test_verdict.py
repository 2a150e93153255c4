from __future__ import annotations

from dataclasses import replace

import pytest

from manifests.layout import AssetId, RenditionId, media_version, segment
from transcoder.loudness import verdict as verdicts
from transcoder.loudness.verdict import TrackLoudness, Verdict, apply, renewed_id
from transcoder.plan import Plan, SourceReads

OLD = RenditionId("a1-1")
NEW = RenditionId("a1n-1")


def _verdict(renewed: RenditionId | None) -> Verdict:
    track = TrackLoudness(rendition=OLD, loudness=-30.0, peak=-9.0, gain=14.0, heard=-16.0, renewed=renewed)
    return Verdict(target=-16.0, tracks=(track,))


def test_what_was_written_is_read() -> None:
    assert verdicts.load(verdicts.dump(_verdict(NEW))) == _verdict(NEW)


def test_a_name_keeps_its_version() -> None:
    assert renewed_id(RenditionId("s2-13")) == "s2n-13"
    for name in (OLD, renewed_id(OLD)):
        assert media_version(segment(AssetId("asset"), name, 0)) == 1


def test_new_sound_takes_the_place_of_the_old(plan: Plan) -> None:
    new = apply(plan, _verdict(NEW))
    (track,) = new.audio
    assert track == replace(plan.audio[0], id=NEW, gain=14.0)
    assert new.renditions() == {"v90-1": 20, "v180-1": 20, NEW: 20}


def test_who_plays_the_old_goes_on(plan: Plan) -> None:
    both = apply(plan, _verdict(NEW), keeping=(OLD,))
    assert [(track.id, track.gain) for track in both.audio] == [(OLD, None), (NEW, 14.0)]


@pytest.mark.parametrize("verdict", [None, _verdict(None), Verdict(target=-16, tracks=(), note="broken")])
def test_sound_at_its_level_stays(verdict: Verdict | None, plan: Plan) -> None:
    assert apply(plan, verdict) is plan


def test_new_sound_is_read_where_the_old_was(plan: Plan) -> None:
    spans = tuple((number, number + 1) for number in range(20))
    reads = SourceReads(head=(), video=spans, audio={OLD: spans})
    found = apply(replace(plan, reads=reads), _verdict(NEW)).reads
    assert found is not None
    assert found.audio[NEW] == spans
