"""Captions in headless Chromium: a file goes up, an editor edits it, a viewer reads it, the download is the same."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.e2e.stack import until
from tests.e2e.test_browser import VIDEO, Watched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from playwright.sync_api import Browser, Locator, Page

    from tests.e2e.stack import Stack

SRT = "1\n00:00:00,500 --> 00:00:02,000\nOn your marks\n\n2\n00:00:02,500 --> 00:00:04,000\nSet\n"
SHOWING = """() => {
    const tracks = [...document.querySelector('video').textTracks].filter((track) => track.kind !== 'metadata');
    for (const track of tracks) track.mode = 'showing';
    return tracks.flatMap((track) => [...(track.cues ?? [])].map((cue) => [cue.startTime, cue.endTime, cue.text]));
}"""


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Watched(context.new_page())
    context.close()


@pytest.fixture
def viewer(browser: Browser) -> Iterator[Watched]:
    """Somebody else, who has loaded nothing yet."""
    context = browser.new_context()
    yield Watched(context.new_page())
    context.close()


@pytest.fixture(scope="module")
def asset(stack: Stack, media: Path) -> str:
    asset = stack.upload(media / "real" / "openshot_marathon_400p30.mp4", title="Marathon with words")
    stack.wait_for(asset, "playable", "ready")
    return asset


def open_captions(stack: Stack, page: Page, asset: str) -> Locator:
    page.goto(f"{stack.url}/studio")
    if page.get_by_label("Access token").or_(page.locator("#files")).first.get_attribute("id") != "files":
        page.get_by_label("Access token").fill(stack.token)
        page.get_by_role("button", name="Sign in").click()
    page.locator(f"[data-asset='{asset}']").get_by_role("button", name="Captions").click()
    return page.get_by_role("dialog", name="Captions of")


def listed_as(stack: Stack, asset: str) -> str | None:
    """The first track's name as viewers get it, which has its revision."""
    with stack.client(token="") as anybody:
        found = re.search(r"t1-\d+/", anybody.get(f"/v/{asset}/index.m3u8").text)
    return None if found is None else found[0]


def test_what_an_editor_writes_is_what_a_viewer_reads(
    stack: Stack, watched: Watched, viewer: Watched, asset: str, tmp_path: Path
) -> None:
    page = watched.page
    file = tmp_path / "marathon.en.srt"
    file.write_text(SRT)
    listed = open_captions(stack, page, asset)
    expect(listed.get_by_text("There are no captions yet.").or_(listed.get_by_text("is searched"))).to_be_visible()
    listed.get_by_label("File").set_input_files(str(file))
    listed.get_by_role("button", name="Upload").click()
    expect(listed.locator("li[data-state='published']")).to_contain_text("2 cues", timeout=300_000)

    uploaded = until(lambda: listed_as(stack, asset), "the upload is listed")
    listed.get_by_role("button", name="Edit English").click()
    desk = page.get_by_role("dialog", name="Captions “English”")
    desk.get_by_label("Text, cue 2").fill("Set & <i>go</i>")
    desk.get_by_label("In, cue 2").fill("2.25")
    desk.get_by_label("In, cue 2").press("Enter")
    # By the keyboard alone: another cue at the player's time, written, then taken back, then split and merged.
    desk.get_by_label("Text, cue 1").press("Alt+n")
    expect(desk.get_by_label("Text, cue 3")).to_be_visible()
    expect(desk.get_by_role("button", name="Save")).to_be_disabled()  # a cue without a text
    page.keyboard.press("Control+z")
    expect(desk.get_by_label("Text, cue 3")).to_have_count(0)
    desk.get_by_label("Show cue 1 in the player").click()
    watched.until(f"{VIDEO}.currentTime === 0.5")
    expect(desk.locator(".overlay")).to_have_text("On your marks")
    desk.get_by_label("Text, cue 1").fill("On your marks!")
    expect(desk.locator(".overlay")).to_have_text("On your marks!")
    page.keyboard.press("Control+s")
    expect(desk.get_by_text("Saved.")).to_be_visible(timeout=300_000)
    desk.get_by_role("button", name="Close").click()
    assert watched.errors == []

    until(lambda: listed_as(stack, asset) not in (None, uploaded), "the edit is listed")
    page = viewer.page
    page.goto(f"{stack.url}/?watch={asset}")
    viewer.until(f"{VIDEO} && {VIDEO}.currentTime > 0.1")
    wanted = [[0.5, 2, "On your marks!"], [2.25, 4, "Set &amp; <i>go</i>"]]
    read_by_viewer(page, wanted)
    expect(page.locator("media-captions-menu-button")).to_be_visible()
    with stack.client() as client:
        file = client.get(f"/api/assets/{asset}/captions/t1.vtt").text
    assert "00:00:00.500 --> 00:00:02.000\nOn your marks!" in file
    assert "00:00:02.250 --> 00:00:04.000\nSet &amp; <i>go</i>" in file
    assert viewer.errors == []


def test_two_editors_hear_of_each_other_and_nothing_is_lost(
    stack: Stack, watched: Watched, asset: str
) -> None:  # fmt: skip
    page = watched.page
    with stack.client() as client:
        made = client.post(
            f"/api/assets/{asset}/captions", params={"language": "de", "filename": "a.srt"}, content=SRT.encode()
        ).json()
        listed = open_captions(stack, page, asset)
        listed.get_by_role("button", name="Edit Deutsch").click()
        desk = page.get_by_role("dialog", name="Captions “Deutsch”")
        desk.get_by_label("Text, cue 1").fill("Auf die Plätze")
        url = f"/api/assets/{asset}/captions/{made['id']}"
        client.put(url, json={"cues": [{"start": 0, "end": 900, "text": "Somebody else"}]}).raise_for_status()
        desk.get_by_role("button", name="Save").click()
        expect(desk.get_by_role("alert")).to_contain_text("Nothing was overwritten")
        watched.errors.clear()  # the 412
        assert cues(client, url) == ["Somebody else"]
        asked: list[str] = []
        page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
        desk.get_by_role("button", name="Close").click()
        assert "Leave without saving" in asked[0]
        desk.get_by_role("button", name="Overwrite with mine").click()
        expect(desk.get_by_text("Saved.")).to_be_visible(timeout=300_000)
        assert cues(client, url) == ["Auf die Plätze", "Set"]
    assert watched.errors == []


def read_by_viewer(page: Page, wanted: list[list[Any]]) -> None:
    read: list[Any] = []

    def is_there() -> bool:
        read[:] = page.evaluate(SHOWING)
        return bool(read == wanted)

    with suppress(AssertionError):
        until(is_there, "the captions are there", within=90)
    assert read == wanted


def cues(client: httpx.Client, url: str) -> list[Any]:
    return [cue["text"] for cue in client.get(url).json()["cues"]]
