from __future__ import annotations

import pytest

from manifests.captions import xml_tree
from manifests.errors import CaptionError

LAUGHS = '<!DOCTYPE tt [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><tt>&b;</tt>'


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (LAUGHS, "xml-entities"),
        ('<!DOCTYPE tt SYSTEM "http://example.com/tt.dtd"><tt/>', "xml-entities"),
        ('<!DOCTYPE tt [<!ENTITY x SYSTEM "file:///etc/passwd">]><tt>&x;</tt>', "xml-entities"),
        ("<tt><p></tt>", "bad-xml"),
        ("<tt>&unknown;</tt>", "bad-xml"),
        ("<tt>\0</tt>", "bad-xml"),
        ("<tt>\ud800</tt>", "bad-xml"),
        ("<tt", "bad-xml"),
        ("", "bad-xml"),
        ("<a>" * 41, "xml-too-large"),
    ],
)
def test_what_is_refused(text: str, code: str) -> None:
    with pytest.raises(CaptionError) as caught:
        xml_tree.parse(text)
    assert caught.value.code == code


def test_an_error_names_its_line() -> None:
    with pytest.raises(CaptionError) as caught:
        xml_tree.parse("<tt>\n<p>\n</tt>")
    assert caught.value.line == 3


def test_elements_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_tree, "MAX_ELEMENTS", 10)
    with pytest.raises(CaptionError) as caught:
        xml_tree.parse(f"<tt>{'<p/>' * 10}</tt>")
    assert caught.value.code == "xml-too-large"


def test_a_tree() -> None:
    root = xml_tree.parse('<?xml version="1.0" encoding="ISO-8859-1"?><tt xmlns="urn:x"><p>é</p></tt>')
    assert [xml_tree.local(element.tag) for element in root.iter()] == ["tt", "p"]
    assert root[0].text == "é"
