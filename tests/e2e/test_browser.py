"""The pages in headless Chromium: a viewer watches to the end and seeks, an editor uploads and publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.accessible import lacking
from tests.e2e.stack import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.e2e.stack import Stack

VIDEO = "document.querySelector('video')"


class Watched:
    """A page whose console errors and failed requests are collected."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.media: list[str] = []
        page.on("console", self._logged)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("response", self._answered)

    def _logged(self, message: Any) -> None:
        # Failed requests are in `_answered`, by their address.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.errors.append(message.text)

    def _answered(self, response: Any) -> None:
        # A segment that is still being made on a busy machine is asked for again by the player.
        is_later = response.status == 503 and "/v/" in response.url and "retry-after" in response.headers
        if response.status >= 400 and not response.url.endswith("/api/me") and not is_later:
            self.errors.append(f"{response.status} {response.url}")
        if ".m4s" in response.url:
            self.media.append(response.url)

    def video(self, expression: str) -> Any:
        return self.page.evaluate(f"{VIDEO}.{expression}")

    def until(self, condition: str, *, within: float = 60) -> None:
        """Wait for a condition by the debugger's protocol: the page's own policy allows no evaluation of strings."""
        until(lambda: self.page.evaluate(condition), condition, within=within)


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield Watched(context.new_page())
    context.close()


@pytest.fixture(scope="module")
def butterfly(stack: Stack, media: Path) -> str:
    """A real 7.5 s clip with sound, published while it is still being encoded."""
    asset = stack.upload(media / "real" / "flutter_butterfly_720p30_aac.mp4", title="Butterfly, macro shot")
    stack.wait_for(asset, "playable", "ready")
    return asset


def test_a_viewer_watches_to_the_end_and_is_counted_once(stack: Stack, watched: Watched, butterfly: str) -> None:
    watched.page.goto(f"{stack.url}/?watch={butterfly}")
    expect(watched.page.get_by_role("heading", name="Butterfly, macro shot")).to_be_visible()
    watched.until(f"{VIDEO} && {VIDEO}.ended", within=90)
    assert watched.video("currentTime") == pytest.approx(watched.video("duration"), abs=0.05)
    assert watched.video("duration") == pytest.approx(7.54, abs=0.1)
    quality = watched.video("getVideoPlaybackQuality().totalVideoFrames")
    assert quality > 200
    assert watched.errors == []
    assert any("CMCD=" in url for url in watched.media)

    def seen() -> dict[str, int] | None:
        audience = httpx.get(f"{stack.url}/api/assets/{butterfly}/viewers", trust_env=False).json()
        return audience if audience["views"] else None

    audience = until(seen, "the view is counted", within=90)
    assert (audience["attempts"], audience["starts"], audience["views"]) == (1, 1, 1)


def test_previews_are_shown_while_seeking(stack: Stack, watched: Watched, butterfly: str) -> None:
    stack.wait_for(butterfly, "ready")
    page = watched.page
    page.goto(stack.url)
    poster = page.get_by_role("link", name="Butterfly, macro shot").locator("img")
    expect(poster).to_be_visible()
    expect(poster).to_have_js_property("naturalWidth", 1280)
    assert lacking(page) == []
    page.goto(f"{stack.url}/?watch={butterfly}")
    watched.until(f"{VIDEO} && {VIDEO}.currentTime > 0.2")
    assert watched.video("poster").endswith("/poster.jpg")
    page.locator("media-time-range").hover()
    preview = page.locator("media-preview-thumbnail img").last
    watched.until("!!document.querySelector('media-time-range').getAttribute('mediapreviewimage')")
    expect(preview).to_be_attached()
    image = page.locator("media-time-range").get_attribute("mediapreviewimage")
    assert image is not None
    assert f"/v/{butterfly}/stills-1/storyboard-0.jpg#xywh=" in image
    assert lacking(page) == []
    assert watched.errors == []


def test_a_viewer_seeks_anywhere(stack: Stack, watched: Watched, butterfly: str) -> None:
    watched.page.goto(f"{stack.url}/?watch={butterfly}")
    watched.until(f"{VIDEO} && {VIDEO}.currentTime > 0.2")
    for position in (6.0, 0.5, 4.1, 3.9, 7.0):
        watched.page.evaluate(f"{VIDEO}.currentTime = {position}")
        watched.until(
            f"!{VIDEO}.seeking && {VIDEO}.readyState >= 3 && Math.abs({VIDEO}.currentTime - {position}) < 1.5"
        )
    assert watched.video("error") is None
    assert watched.errors == []


def test_a_seek_into_what_is_not_encoded_yet_plays(stack: Stack, watched: Watched, media: Path) -> None:
    asset = stack.upload(media / "real" / "tearsofsteel_battle_332p24_vp8_vorbis.webm", title="A long fight")
    stack.wait_for(asset, "playable", "ready")
    watched.page.goto(f"{stack.url}/?watch={asset}")
    watched.until(f"{VIDEO} && {VIDEO}.currentTime > 0.1")
    watched.page.evaluate(f"{VIDEO}.currentTime = 61")
    watched.until(f"{VIDEO}.currentTime > 61.5 && !{VIDEO}.seeking")
    assert watched.video("error") is None
    assert watched.errors == []
    stack.wait_for(asset, "ready")


def test_an_editor_uploads_and_publishes(stack: Stack, watched: Watched, media: Path) -> None:
    page = watched.page
    page.goto(f"{stack.url}/studio")
    page.get_by_label("Access token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert lacking(page) == []
    watched.errors.clear()
    page.get_by_label("Access token").fill(stack.token)
    page.get_by_role("button", name="Sign in").click()
    page.set_input_files("#files", str(media / "real" / "openshot_marathon_400p30.mp4"))
    row = page.locator(".row", has=page.locator("input.title")).first
    expect(row.get_by_label("Title")).to_have_value("openshot marathon 400p30")
    expect(row.locator(".badge").first).to_have_text("Ready", timeout=90_000)
    expect(row.locator(".facts")).to_contain_text("720×400")
    row.get_by_label("Title").fill("Marathon, the crowd")
    row.get_by_label("Title").press("Enter")
    row.get_by_role("button", name="Publish").click()
    expect(row.get_by_role("button", name="Unpublish")).to_be_visible()
    row.get_by_role("button", name="Play").click()
    watched.until(f"{VIDEO} && {VIDEO}.currentTime > 0.2")
    page.get_by_role("button", name="Close", exact=True).click()
    row.get_by_role("button", name="Poster").click()
    expect(page.get_by_role("img", name="Picture 1")).to_be_visible()
    expect(page.get_by_role("radio").first).to_be_checked()
    page.get_by_role("radio").first.focus()
    assert lacking(page) == []
    page.get_by_role("button", name="Close", exact=True).click()
    row.get_by_role("button", name="Quality").click()
    expect(page.get_by_role("row", name="720×400")).to_be_visible()
    page.get_by_role("button", name="Close", exact=True).click()

    page.goto(stack.url)
    expect(page.get_by_role("link", name="Marathon, the crowd")).to_be_visible()
    page.get_by_label("Search highlights").fill("crowd")
    expect(page.get_by_role("heading", name="Results for “crowd”")).to_be_visible()
    expect(page.get_by_role("link", name="Marathon, the crowd")).to_be_visible()
    assert watched.errors == []

    page.goto(f"{stack.url}/studio")
    page.on("dialog", lambda dialog: dialog.accept())
    row = page.locator(".row").filter(has=page.get_by_role("button", name="Unpublish")).first
    asset = row.get_attribute("data-asset")
    row.get_by_role("button", name="Delete").click()
    expect(page.locator(f"[data-asset='{asset}']")).to_have_count(0)
    assert httpx.get(f"{stack.url}/api/assets/{asset}", trust_env=False).status_code == 404


def test_what_is_not_media_tells_the_editor_why(stack: Stack, watched: Watched, tmp_path: Path) -> None:
    letter = tmp_path / "highlight.mp4"
    letter.write_text("Dear editor, this is not a film.\n" * 40)
    page = watched.page
    page.goto(f"{stack.url}/studio")
    page.get_by_label("Access token").fill(stack.token)
    page.get_by_role("button", name="Sign in").click()
    page.set_input_files("#files", str(letter))
    row = page.locator(".row[data-state='failed']").first
    expect(row).to_be_visible(timeout=60_000)
    expect(row.locator(".said:visible")).not_to_be_empty()
    assert lacking(page) == []
    assert watched.errors == []


SEEN_BADLY = """<!doctype html><html lang="en"><title>x</title><style>
  p { color: #777; background: #fff }
  @media (prefers-color-scheme: dark) { p { color: #777; background: #111 } b { color: #333; background: #111 } }
</style><main><h1>x</h1><img src="data:,"><p>Legible in one.</p><b>Legible in the other.</b></main>"""


def test_what_pages_lack_is_found_in_both_colour_schemes(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(SEEN_BADLY)
    found = {(scheme, rule, len(nodes)) for scheme, rule, _, nodes in lacking(page)}
    assert found == {
        ("light", "image-alt", 1), ("light", "color-contrast", 1), ("dark", "image-alt", 1),
        ("dark", "color-contrast", 2),
    }  # fmt: skip
    page.close()
