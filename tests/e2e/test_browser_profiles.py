"""An editor picks what an upload is made by, in headless Chromium."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.stack import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.e2e.stack import Stack


@pytest.fixture
def studio(stack: Stack, browser: Browser) -> Iterator[Page]:
    """The studio of an admin, where there are a profile, and a file with a mistake, beside the default."""
    folder = stack.home / "profiles"
    folder.mkdir(exist_ok=True)
    (folder / "small.toml").write_text(
        'description = "For phones"\n'
        'encryption = "aes-128"\n'
        "ladder = [{ height = 90, average_kbps = 100 }, { height = 180, average_kbps = 300 }]"
    )
    (folder / "wrong.toml").write_text("gap = 2")
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{stack.url}/studio")
    page.get_by_label("Access token").fill(stack.token)
    page.get_by_role("button", name="Sign in").click()
    yield page
    context.close()
    for file in folder.iterdir():
        file.unlink()


def test_an_editor_picks_a_profile(stack: Stack, studio: Page, tmp_path: Path, ffmpeg: str) -> None:
    clip = tmp_path / "picked.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=2"]
    subprocess.run([ffmpeg, "-nostdin", "-loglevel", "error", *source, "-preset", "ultrafast", str(clip)], check=True)
    picker = studio.get_by_label("Profile")
    expect(picker).to_have_value("default")
    expect(picker.locator("option[value=wrong]")).to_be_disabled()
    picker.select_option("small")
    expect(studio.get_by_text("For phones")).to_be_visible()
    studio.set_input_files("#files", str(clip))
    row = studio.locator(".row").first
    expect(row.get_by_label("Title")).to_have_value("picked")
    expect(row.locator(".badge").first).to_have_text("Ready", timeout=60_000)
    expect(row.locator(".facts")).to_contain_text("profile small · encrypted (AES-128)")
    # A draft: its keys are given to whoever is signed in.
    row.get_by_role("button", name="Play").click()
    until(lambda: studio.evaluate("document.querySelector('video')?.currentTime > 0.2"), "it plays")
    studio.get_by_role("button", name="Close", exact=True).click()
    asset = row.get_attribute("data-asset")
    with stack.client() as client:
        ladder = client.get(f"/api/assets/{asset}/ladder").json()
    assert [rung["height"] for rung in ladder["rungs"]] == [90, 180]
