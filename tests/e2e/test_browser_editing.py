"""Replacing and cutting, in headless Chromium: who watches goes on, who comes gets what is new."""

from __future__ import annotations

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

    from playwright.sync_api import Browser, Route

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
        until(lambda: now()["version"] == 2, "it is replaced", within=120)
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
    expect(cutter.get_by_role("status")).to_contain_text("is made", timeout=30_000)
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
