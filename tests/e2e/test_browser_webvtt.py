"""Chromium's own WebVTT parser beside ours: what we read of a file, and what a browser reads of what we write."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import pytest

from manifests.captions import CaptionError, cue_text, read, webvtt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from manifests.captions import Cue

# The browser fetches a track like any other file; null: it is no WebVTT.
CUES = """async bytes => {
  const track = document.createElement('track');
  track.src = URL.createObjectURL(new Blob([new Uint8Array(bytes)], {type: 'text/vtt'}));
  const video = document.createElement('video');
  video.append(track);
  document.body.append(video);
  const ended = new Promise(resolve => {
    track.onload = () => resolve(true);
    track.onerror = () => resolve(false);
  });
  track.track.mode = 'hidden';
  if (!await ended) return null;
  return [...track.track.cues].map(cue => ({
    start: Math.round(cue.startTime * 1000), end: Math.round(cue.endTime * 1000), id: cue.id,
    text: cue.getCueAsHTML().textContent, raw: cue.text, align: cue.align, line: cue.line, position: cue.position,
    size: cue.size, vertical: cue.vertical, html: (box => (box.append(cue.getCueAsHTML()), box.innerHTML))(
      document.createElement('div')),
  }));
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def read_by_browser(page: Page, body: bytes) -> list[dict[str, Any]] | None:
    found: list[dict[str, Any]] | None = page.evaluate(CUES, list(body))
    return found


Shown = tuple[int, int, str, str, str, str, str]


def shown(cues: list[dict[str, Any]]) -> list[Shown]:
    """What a viewer would see: cues that last, with words, and their places as settings say them."""
    found = (
        (
            *(cue["start"], cue["end"], trimmed(cue["text"])),
            *(cue["vertical"], str(cue["line"]), f"{cue['size']:g}%", cue["align"]),
        )
        for cue in cues
    )
    return sorted(each for each in found if each[0] < each[1] and each[2])


def ours(cues: tuple[Cue, ...]) -> list[Shown]:
    """The same of our cues. A line is a number to a browser, and an alignment of it is one that Chromium ignores."""
    found = []
    for cue in cues:
        said = dict(setting.split(":", 1) for setting in cue.settings.split())
        place = (
            said.get("vertical", ""),
            said.get("line", "auto").partition(",")[0].rstrip("%"),
            said.get("size", "100%"),
            said.get("align", "center"),
        )
        found.append((cue.start, cue.end, trimmed(cue_text.plain(cue.text)), *place))
    return sorted(found)


def trimmed(text: str) -> str:
    return "\n".join(line for raw in text.split("\n") if (line := " ".join(raw.split())))


# Rules of ours: a comma is read as a dot, and a caption of 300 kB is refused.
OURS = {"x_comma_vtt_times.vtt", "x_huge_cue_1mb.vtt", "x_xss.vtt"}


def test_a_browser_reads_what_we_read(page: Page, media: Path) -> None:
    for file in sorted((media / "captions").glob("*.vtt")):
        if file.name in OURS:
            continue
        body = file.read_bytes()
        browsers = shown(read_by_browser(page, body) or [])
        try:
            cues = read(body, file.name).cues
        except CaptionError:
            cues = ()
        assert ours(cues) == browsers, file.name


def test_a_browser_reads_what_we_write(page: Page, media: Path) -> None:
    for file in sorted((media / "captions").iterdir()):
        try:
            cues = read(file.read_bytes(), file.name).cues
        except CaptionError:
            continue
        browsers = read_by_browser(page, webvtt(cues).encode())
        assert browsers is not None, file.name
        expected = [(cue.start, cue.end, cue.identifier, cue.text) for cue in cues]
        assert [(cue["start"], cue["end"], cue["id"], cue["raw"]) for cue in browsers] == expected, file.name
        assert shown(browsers) == ours(cues), file.name


def test_no_element_but_those_of_captions_reaches_the_page(page: Page) -> None:
    hostile = '<img src=x onerror=alert(1)><script>alert(1)</script><b onclick=alert(1)>a</b><c.x"y>&lt;img&gt;</c>'
    (cue,) = read(f"WEBVTT\n\n00:00.000 --> 00:01.000\n{hostile}\n".encode()).cues
    (drawn,) = read_by_browser(page, webvtt([cue]).encode()) or []
    assert drawn["html"] == f"<b>a</b>{html.escape('<img>')}"
