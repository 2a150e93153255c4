from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from manifests.dash import MpdError
from manifests.dash.low_latency import ServiceDescription

SERVICE = ServiceDescription(
    target_ms=1600, least_ms=960, most_ms=3840, slowest=Fraction(95, 100), fastest=Fraction(110, 100)
)


@pytest.mark.parametrize(
    "broken",
    [
        replace(SERVICE, least_ms=1601),
        replace(SERVICE, most_ms=1599),
        replace(SERVICE, least_ms=-1),
        replace(SERVICE, slowest=Fraction(0)),
        replace(SERVICE, slowest=Fraction(11, 10)),
        replace(SERVICE, fastest=Fraction(9, 10)),
    ],
)
def test_what_breaks_a_rule_is_refused(broken: ServiceDescription) -> None:
    with pytest.raises(MpdError):
        broken.element()
