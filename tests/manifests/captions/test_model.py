from __future__ import annotations

import pytest

from manifests.captions import model
from manifests.captions.model import Cue
from manifests.errors import CaptionError


def test_a_cue_holds_what_it_was_given() -> None:
    cue = Cue(start=0, end=1500, text="<b>x</b>", settings="line:0 align:left", identifier="intro 1")
    assert (cue.start, cue.end, cue.text) == (0, 1500, "<b>x</b>")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"start": -1}, "cue-times"),
        ({"end": 0}, "cue-times"),
        ({"end": model.MAX_TIME + 1}, "cue-times"),
        ({"text": ""}, "cue-text"),
        ({"text": "<b> </b>"}, "cue-text"),
        ({"text": "a\n\nb"}, "cue-text"),
        ({"text": "<script>alert(1)</script>"}, "cue-text"),
        ({"text": "1 < 2"}, "cue-text"),
        ({"text": "x" * (model.MAX_TEXT + 1)}, "cue-too-long"),
        ({"settings": "align:sideways"}, "cue-settings"),
        ({"settings": "align:left line:0"}, "cue-settings"),
        ({"identifier": "a\nb"}, "cue-identifier"),
        ({"identifier": "a --> b"}, "cue-identifier"),
        ({"identifier": "NOTE hidden"}, "cue-identifier"),
    ],
)
def test_no_cue_is_unsafe(fields: dict[str, object], code: str) -> None:
    sound: dict[str, object] = {"start": 0, "end": 1000, "text": "x"}
    with pytest.raises(CaptionError) as caught:
        Cue(**{**sound, **fields})  # type: ignore[arg-type]
    assert caught.value.code == code
