from __future__ import annotations

import pytest

from manifests.errors import PlaylistError
from manifests.hls import rendition_report
from manifests.hls.lines import Tag
from manifests.hls.rendition_report import RenditionReport


def read(value: str) -> RenditionReport:
    return rendition_report.parse(Tag(name=rendition_report.TAG, value=value, line=3))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('URI="../a.m3u8",LAST-MSN=8,LAST-PART=0', RenditionReport(uri="../a.m3u8", last_msn=8, last_part=0)),
        ('URI="b.m3u8",LAST-MSN=8', RenditionReport(uri="b.m3u8", last_msn=8)),
    ],
)
def test_both_ways(text: str, value: RenditionReport) -> None:
    assert read(text) == value
    assert value.render() == f"#EXT-X-RENDITION-REPORT:{text}"


@pytest.mark.parametrize("uri", ["https://cdn.example/a.m3u8", "//cdn.example/a.m3u8", "/v/a.m3u8"])
def test_the_uri_is_relative(uri: str) -> None:
    with pytest.raises(PlaylistError, match="relative"):
        RenditionReport(uri=uri, last_msn=1).render()


@pytest.mark.parametrize("text", ['URI="a"', "LAST-MSN=1", 'URI="a",LAST-MSN=-1'])
def test_what_breaks_a_rule_is_refused(text: str) -> None:
    with pytest.raises(PlaylistError, match="EXT-X-RENDITION-REPORT"):
        read(text)
