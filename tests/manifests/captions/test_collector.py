from __future__ import annotations

import pytest

from manifests.captions import collector, model
from manifests.captions.collector import Collector
from manifests.errors import CaptionError


def test_warnings_are_counted_once_there_are_too_many() -> None:
    found = Collector()
    for line in range(1000):
        found.add(5, 5, "x", line=line)
    found.add(0, 1, "x")
    warnings = found.track("srt").warnings
    assert (len(warnings), warnings[-1]) == (model.MAX_WARNINGS, "951 more of this kind.")


def test_what_lies_outside_of_any_video_is_left_out() -> None:
    found = Collector()
    found.add(-5, 5, "x")
    found.add(0, model.MAX_TIME + 1, "x")
    found.add(0, model.MAX_TIME, "kept")
    assert [cue.text for cue in found.track("srt").cues] == ["kept"]


def test_there_may_be_so_many_cues_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "MAX_CUES", 3)
    found = Collector()
    for number in range(3):
        found.add(number, number + 1, "x")
    with pytest.raises(CaptionError) as caught:
        found.add(9, 10, "x", line=7)
    assert (caught.value.code, caught.value.line) == ("too-many-cues", 7)


def test_a_cue_too_long_names_its_line() -> None:
    with pytest.raises(CaptionError) as caught:
        Collector().add(0, 1, "x" * (model.MAX_TEXT + 1), line=3)
    assert (caught.value.code, caught.value.line) == ("cue-too-long", 3)
