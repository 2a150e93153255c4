"""The rules refuse what the standard's schema refuses."""

from __future__ import annotations

import pytest

from tests.manifests.dash.test_mpd import GOOD
from tests.mpd_rules import faults

BROKEN = [
    ('minBufferTime="PT4S"', 'minBufferTime="PT"'),
    ('minBufferTime="PT4S"', 'minBufferTime="4"'),
    ('profiles="urn:mpeg:dash:profile:isoff-live:2011,', 'profiles="live,'),
    ('id="v720-1"', 'id="v720-1" profiles="progressive"'),
    ('codecs="avc1.64001f"', 'codecs="{avc1}"'),
    ('codecs="avc1.64001f"', 'codecs="avc1.64001f, mp4a.40.2"'),
    ('sar="1:1"', 'sar="1"'),
    ('audioSamplingRate="48000"', 'audioSamplingRate="18446744073709551616"'),
    ('audioSamplingRate="48000"', 'audioSamplingRate="1 2 3"'),
    ('lang="en-GB"', 'lang="en_GB"'),
    ('schemeIdUri="urn:x"', 'schemeIdUri=":"'),
    ('schemeIdUri="urn:x"', 'schemeIdUri="%zz"'),
    ('schemeIdUri="urn:x"', 'schemeIdUri="["'),
    ('schemeIdUri="urn:x"', 'schemeIdUri="1:1"'),
    ('startWithSAP="1"', 'startWithSAP="7"'),
    ('startWithSAP="1"', 'startWithSAP="1" maxPlayoutRate="1.2.3"'),
    ("<Label>English</Label>", "<Label><b/></Label>"),
    ('<S d="50" />', "<S />"),
    ('<Period id="0"', '<Period foo="0"'),
    ("</Period>", "</Period><BaseURL>x/</BaseURL>"),
]


def test_a_good_one_has_none() -> None:
    assert faults(GOOD) == []


@pytest.mark.parametrize(("right", "wrong"), BROKEN, ids=[wrong for _, wrong in BROKEN])
def test_what_the_schema_refuses_is_a_fault(right: str, wrong: str) -> None:
    assert right in GOOD
    assert faults(GOOD.replace(right, wrong, 1)) != []
