from __future__ import annotations

from dataclasses import replace

import pytest
from defusedxml import ElementTree

from manifests.dash import ContentProtection, MpdError
from tests.manifests.dash.test_mpd import PICTURES, SOUND, WHOLE
from tests.mpd_rules import CENC, LAURL, NAMESPACE, faults

PROTECTION = ContentProtection(
    scheme="cbcs", key_id=bytes(range(16)), license_url="https://example.org/v/asset/license?a=1&b=<2>"
)
PROTECTED = replace(
    WHOLE,
    sets=(replace(PICTURES, protection=PROTECTION), replace(SOUND, protection=replace(PROTECTION, scheme="cenc"))),
)


def test_it_keeps_to_the_standard() -> None:
    assert faults(PROTECTED.render()) == []
    told = replace(PICTURES, protection=replace(PROTECTION, license_url=None))
    assert faults(replace(WHOLE, sets=(told, SOUND)).render()) == []


def test_what_it_says() -> None:
    pictures, sound = ElementTree.fromstring(PROTECTED.render()).iter(f"{NAMESPACE}AdaptationSet")
    scheme, system = pictures.findall(f"{NAMESPACE}ContentProtection")
    assert scheme.attrib == {
        "schemeIdUri": "urn:mpeg:dash:mp4protection:2011", "value": "cbcs",
        f"{CENC}default_KID": "00010203-0405-0607-0809-0a0b0c0d0e0f",
    }  # fmt: skip
    assert system.get("schemeIdUri") == "urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e"
    assert system.findtext(LAURL) == PROTECTION.license_url
    assert [each.get("value") for each in sound.findall(f"{NAMESPACE}ContentProtection")] == ["cenc", "ClearKey1.0"]


def test_namespaces_are_there_where_they_are_needed() -> None:
    assert "xmlns:cenc" not in WHOLE.render()
    assert "xmlns:cenc" in PROTECTED.render()


@pytest.mark.parametrize(
    "wrong",
    [
        {"key_id": b"short"},
        {"license_url": "license"},
        {"license_url": "/v/asset/license"},
        {"license_url": "https://\n"},
    ],
)
def test_what_breaks_a_rule_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(MpdError):
        replace(PROTECTION, **wrong).elements()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ('value="cbcs" ', ""),
        ("00010203-0405-0607-0809-0a0b0c0d0e0f", "00010203"),
        ("urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e", "urn:uuid:E2719D58"),
        ("https://example.org", "example.org"),
        ("urn:mpeg:dash:mp4protection:2011", "urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e"),
        ("EME-1.0", "EME"),
    ],
)
def test_the_rules_see_it(there: str, instead: str) -> None:
    document = PROTECTED.render()
    assert there in document
    assert faults(document.replace(there, instead)) != []
