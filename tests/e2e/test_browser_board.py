"""An editor who is quicker than the service, and one who is refused, in headless Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.stack import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import APIResponse, Browser, Page, Request, Route

    from tests.e2e.stack import Stack


@pytest.fixture
def studio(stack: Stack, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{stack.url}/studio")
    page.get_by_label("Access token").fill(stack.token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Assets")).to_be_visible()
    yield page
    context.close()


def test_what_is_published_while_its_title_is_saved_stays_published(stack: Stack, studio: Page) -> None:
    with stack.client() as client:
        asset = client.post("/api/assets", json={"title": "A draft"}).raise_for_status().json()["id"]
    held: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        if route.request.method == "PATCH":
            held.append((route, route.fetch()))
        else:
            route.continue_()

    told: list[str] = []

    def note(request: Request, what: str) -> None:
        if asset in request.url and request.method != "GET":
            told.append(f"{request.method} {what}")

    studio.route(f"**/api/assets/{asset}", hold)
    studio.on("request", lambda request: note(request, "sent"))
    studio.on("response", lambda response: note(response.request, "answered"))
    studio.reload()
    row = studio.locator(f"[data-asset='{asset}']")
    row.get_by_label("Title").fill("Marathon, the crowd")
    row.get_by_label("Title").press("Enter")
    row.get_by_role("button", name="Publish").click()
    [(route, answer)] = until(lambda: studio.evaluate("1") and held, "the change is on its way")
    with studio.expect_response(lambda response: response.request.method == "PATCH"):
        route.fulfill(response=answer)
    expect(row.get_by_role("button", name="Unpublish")).to_be_visible()
    expect(row).to_have_attribute("data-editorial", "published")
    expect(row.get_by_label("Title")).to_have_value("Marathon, the crowd")
    assert stack.asset(asset)["editorial"] == "published"
    assert told == ["PATCH sent", "PATCH answered", "POST sent", "POST answered"]


def test_what_is_refused_says_why_on_a_ready_asset_too(stack: Stack, studio: Page, media: Path) -> None:
    asset = stack.upload(media / "real" / "flutter_butterfly_720p30_aac.mp4", publish=False)
    stack.wait_for(asset, "ready")
    studio.reload()
    row = studio.locator(f"[data-asset='{asset}']")
    expect(row.locator(".badge").first).to_have_text("Ready")
    with stack.client() as client:
        client.post(f"/api/assets/{asset}/publish").raise_for_status()
        client.post(f"/api/assets/{asset}/takedown").raise_for_status()
        said = client.post(f"/api/assets/{asset}/publish").json()["detail"]
    row.get_by_role("button", name="Publish").click()
    expect(row.get_by_role("alert")).to_have_text(said)


def test_what_was_read_before_an_event_began_is_not_shown_after_it(stack: Stack, studio: Page) -> None:
    with stack.client() as client:
        channel = client.post("/api/channels", json={"title": "Track"}).raise_for_status().json()["id"]
    studio.goto(f"{stack.url}/studio?channel={channel}")
    switch = studio.locator(".control button").first
    expect(switch).to_have_text("Start an event")
    held: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        if held:
            route.abort()
        else:
            held.append((route, route.fetch()))

    studio.route(f"**/api/channels/{channel}", hold)
    until(lambda: studio.evaluate("1") and held, "the page has asked how the channel is")
    studio.on("dialog", lambda dialog: dialog.accept())
    switch.click()
    expect(switch).to_have_text("End the event")
    [(route, answer)] = held
    # It asks again when it has taken the answer in; from then on it gets none.
    with studio.expect_request(f"**/api/channels/{channel}"):
        route.fulfill(response=answer)
    expect(switch).to_have_text("End the event")
    with stack.client() as client:
        client.post(f"/api/channels/{channel}/stop").raise_for_status()
