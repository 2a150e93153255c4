from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from manifests.dash import MpdError
from manifests.dash.steady_template import SteadyTemplate

TEMPLATE = SteadyTemplate(
    media="$RepresentationID$/$Number$.m4s", initialization="v/init.mp4", timescale=90_000, number=7, offset=0,
    duration=288_000, early=Fraction(8, 3),
)  # fmt: skip


def test_it_is_never_said_to_be_there_too_early() -> None:
    assert TEMPLATE.element().attrib == {
        "timescale": "90000", "duration": "288000", "startNumber": "7", "availabilityTimeOffset": "2.666666",
        "availabilityTimeComplete": "false", "initialization": "v/init.mp4",
        "media": "$RepresentationID$/$Number$.m4s",
    }  # fmt: skip
    assert TEMPLATE.longest == Fraction(16, 5)


@pytest.mark.parametrize(
    "broken",
    [
        replace(TEMPLATE, media="7.m4s"),
        replace(TEMPLATE, timescale=0),
        replace(TEMPLATE, duration=0),
        replace(TEMPLATE, number=-1),
        replace(TEMPLATE, offset=-1),
        replace(TEMPLATE, early=Fraction(0)),
        replace(TEMPLATE, early=Fraction(16, 5)),
    ],
)
def test_what_breaks_a_rule_is_refused(broken: SteadyTemplate) -> None:
    with pytest.raises(MpdError):
        broken.element()
