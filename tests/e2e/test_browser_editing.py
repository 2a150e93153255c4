"""Replacing and cutting, in headless Chromium: who watches goes on, who comes gets what is new."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

from tests.e2e.stack import until
from tests.e2e.test_browser import VIDEO, Watched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page, Route

    from tests.e2e.stack import Stack


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield Watched(context.new_page())
    context.close()


def editor(stack: Stack) -> httpx.Client:
    headers = {"Authorization": f"Bearer {stack.token}"}
    return httpx.Client(base_url=stack.url, headers=headers, trust_env=False, timeout=60)


def test_a_viewer_plays_through_a_replacement(stack: Stack, watched: Watched, browser: Browser, media: Path) -> None:
    asset = stack.upload(media / "real" / "flutter_butterfly_720p30_aac.mp4", title="The first cut")
    stack.wait_for(asset, "ready")
    held: list[Route] = []
    watched.page.route(
        "**/1.m4s*", lambda route: held.append(route)
    )  # his network is slow: he has the first segments only
    watched.page.goto(f"{stack.url}/?watch={asset}")
    watched.until(f"{VIDEO} && {VIDEO}.currentTime > 0.2")
    watched.page.evaluate(f"{VIDEO}.pause()")
    length = watched.video("duration")
    with editor(stack) as http:
        better = (media / "real" / "openshot_marathon_400p30.mp4").read_bytes()
        http.put(f"/api/assets/{asset}/source?filename=better.mp4", content=better).raise_for_status()

        def now() -> dict[str, Any]:
            found: dict[str, Any] = http.get(f"/api/assets/{asset}").json()
            assert found["state"] == "ready"
            return found

        assert (now()["version"], now()["replacement"]["version"]) == (1, 2)
        until(lambda: now()["version"] == 2, "it is replaced", within=300)
        assert (now()["height"], now()["source_filename"]) == (400, "better.mp4")
    for route in held:
        with suppress(PlaywrightError):  # the player may have given it up, and asked again
            route.continue_()
    watched.page.unroute("**/1.m4s*")
    watched.page.evaluate(f"void {VIDEO}.play()")
    watched.until(f"{VIDEO}.ended", within=60)
    assert watched.video("duration") == pytest.approx(length, abs=0.05)
    assert all("-1/" in url for url in watched.media), "the version that he began with"
    assert watched.errors == []

    coming = Watched(browser.new_context().new_page())
    coming.page.goto(f"{stack.url}/?watch={asset}")
    coming.until(f"{VIDEO} && {VIDEO}.currentTime > 0.2")
    assert coming.video("videoHeight") in (400, 360, 234)
    assert all("-2/" in url for url in coming.media)
    assert coming.errors == []
    coming.page.context.close()


def test_an_editor_cuts_a_clip_by_keys(stack: Stack, watched: Watched, media: Path) -> None:
    asset = stack.upload(media / "real" / "flutter_butterfly_720p30_aac.mp4", title="Butterfly, uncut")
    stack.wait_for(asset, "ready")
    page = watched.page
    page.goto(f"{stack.url}/studio")
    page.get_by_label("Access token").fill(stack.token)
    page.get_by_role("button", name="Sign in").click()
    row = page.locator(f"[data-asset='{asset}']")
    row.get_by_role("button", name="Play").click()
    watched.until(f"{VIDEO} && {VIDEO}.currentTime > 0.2")
    page.evaluate(f"{VIDEO}.pause(); {VIDEO}.currentTime = 30.5 / 30000 * 1001")
    cutter = page.get_by_role("group", name="Cut")
    shown = cutter.get_by_label("Shown frame")
    expect(shown).to_have_text("00:00:01:00")
    page.get_by_role("dialog").press(".")
    expect(shown).to_have_text("00:00:01:01")
    page.get_by_role("dialog").press("i")
    page.evaluate(f"{VIDEO}.currentTime = 150.5 / 30000 * 1001")
    expect(shown).to_have_text("00:00:05:00")
    page.get_by_role("dialog").press("o")
    cutter.get_by_label("Title of the clip").fill("Only the wings")
    cutter.get_by_role("button", name="Make clip").click()
    expect(cutter.get_by_role("status")).to_contain_text("is made", timeout=300_000)
    page.get_by_role("button", name="Close", exact=True).click()
    clip = page.locator(".row").first
    expect(clip.get_by_label("Title")).to_have_value("Only the wings")
    made = clip.get_attribute("data-asset")
    assert made is not None
    with editor(stack) as http:
        http.post(f"/api/assets/{made}/publish").raise_for_status()
        assert http.get(f"/api/assets/{made}").json()["duration_s"] == pytest.approx(119 / 30000 * 1001, abs=0.001)
    page.goto(f"{stack.url}/?watch={made}")
    watched.until(f"{VIDEO} && {VIDEO}.ended", within=60)
    assert watched.video("duration") == pytest.approx(119 / 30000 * 1001, abs=0.05)
    assert watched.video("buffered.length") == 1
    assert watched.errors == []


def sign_in(stack: Stack, page: Page, asset: str) -> Locator:
    """The studio, and the row of an asset in it."""
    page.goto(f"{stack.url}/studio")
    page.get_by_label("Access token").fill(stack.token)
    page.get_by_role("button", name="Sign in").click()
    return page.locator(f"[data-asset='{asset}']")


def test_an_editor_replaces_chooses_a_poster_and_trims_by_buttons(stack: Stack, watched: Watched, media: Path) -> None:
    asset = stack.upload(media / "real" / "openshot_marathon_400p30.mp4", title="Marathon, first take")
    stack.wait_for(asset, "ready")
    page = watched.page
    row = sign_in(stack, page, asset)
    better = media / "real" / "flutter_butterfly_720p30_aac.mp4"
    with page.expect_file_chooser() as chooser:
        row.get_by_role("button", name="Replace").click()
    chooser.value.set_files(better)
    expect(row.get_by_text(re.compile("^Replacing"))).to_be_visible(timeout=300_000)
    with editor(stack) as http:

        def now() -> dict[str, Any]:
            found: dict[str, Any] = http.get(f"/api/assets/{asset}").json()
            return found

        until(lambda: now()["version"] == 2, "it is replaced", within=300)
        expect(row.get_by_text(better.name)).to_be_visible(timeout=300_000)
        row.get_by_role("button", name="Play").click()
        watched.until(f"{VIDEO} && {VIDEO}.currentTime > 0.2")
        cutter = page.get_by_role("group", name="Cut")
        page.evaluate(f"{VIDEO}.pause(); {VIDEO}.currentTime = 40.5 / 30000 * 1001")
        expect(cutter.get_by_label("Shown frame")).to_have_text("00:00:01:10")
        cutter.get_by_role("button", name="Use as poster").click()
        expect(cutter.get_by_role("status")).to_contain_text("is the poster", timeout=300_000)
        poster = http.get(f"/api/assets/{asset}/poster").json()["candidates"][0]
        assert (poster["name"], poster["chosen"]) == ("poster-at-40.jpg", True)

        cutter.get_by_role("button", name="In (I)").click()
        page.once("dialog", lambda dialog: dialog.dismiss())
        cutter.get_by_role("button", name="Trim this asset").click()
        expect(cutter.get_by_role("status")).to_have_text("")
        assert now()["replacement"] is None, "who thinks better of it has changed nothing"
        page.once("dialog", lambda dialog: dialog.accept())
        cutter.get_by_role("button", name="Trim this asset").click()
        expect(cutter.get_by_role("status")).to_contain_text("takes its place", timeout=300_000)
        whole = now()["duration_s"]
        until(lambda: now()["version"] == 3, "it is trimmed", within=300)
        assert now()["duration_s"] == pytest.approx(whole - 40 / 30000 * 1001, abs=0.05)

        page.get_by_role("button", name="Close", exact=True).click()
        row.get_by_role("button", name="Poster").click()
        dialog = page.get_by_role("dialog", name="Poster of")
        with page.expect_file_chooser() as chooser:
            dialog.get_by_role("button", name="Send a picture").click()
        chooser.value.set_files({"name": "me.png", "mimeType": "image/png", "buffer": page.screenshot()})
        expect(dialog.get_by_role("status")).to_contain_text("Saved", timeout=300_000)
        sent = http.get(f"/api/assets/{asset}/poster").json()["candidates"][0]
        assert (sent["at_s"], sent["chosen"]) == (None, True)
        assert http.get(f"/v/{asset}/poster.jpg").headers["content-type"] == "image/jpeg"
    assert watched.errors == []


REACH = """() => {
    const modal = document.querySelector('dialog[open]') ?? document.body;
    const tools = [...modal.querySelectorAll('button, input, select, a, video, textarea')]
        .filter((each) => each.checkVisibility() && !each.closest('.visually-hidden, .skip'));
    const box = (each) => each.getBoundingClientRect();
    const told = (found) => found.map((each) => each.outerHTML.slice(0, 80));
    return {
        sideways: document.documentElement.scrollWidth > window.innerWidth,
        beyond: told(tools.filter((each) => box(each).left < 0 || box(each).right > window.innerWidth + 0.5)),
        small: told(tools.filter((each) => each.matches('button') && box(each).height < 24)),
    };
}"""
"""What of a page a finger does not reach: WCAG 2.2 §1.4.10 (no scrolling sideways), §2.5.8 (24 pixels)."""


def test_everything_can_be_reached_on_a_phone(stack: Stack, browser: Browser, media: Path, tmp_path: Path) -> None:
    asset = stack.upload(
        media / "real" / "androidx_london_rooftop_360p30_aac.mp4", title="A title of a fair length for a phone"
    )
    stack.wait_for(asset, "ready")
    context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page = context.new_page()

    def check(name: str) -> None:
        page.screenshot(path=tmp_path / f"{name}.png")
        found = page.evaluate(REACH)
        assert found == {"sideways": False, "beyond": [], "small": []}, name

    page.goto(stack.url)
    check("site")
    page.goto(f"{stack.url}/?watch={asset}")
    expect(page.locator("video")).to_be_visible()
    check("player")
    page.goto(f"{stack.url}/studio")
    check("login")
    row = sign_in(stack, page, asset)
    expect(row.get_by_role("button", name="Poster")).to_be_visible()
    row.scroll_into_view_if_needed()
    check("studio")
    for name in ("Play", "Poster", "Quality", "Captions"):
        row.get_by_role("button", name=name, exact=True).click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        if name == "Quality":
            expect(dialog.get_by_role("region", name="Loudness").get_by_text("LUFS").first).to_be_visible()
        expect(dialog.get_by_text("Loading…")).to_have_count(0)
        check(f"dialog {name}")
        dialog.get_by_role("button", name="Close", exact=True).click()
    context.close()
