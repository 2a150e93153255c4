"""Take the README's pictures again: `make pictures` (needs Chromium and the real clips)."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.clips import real
from infra.local.preflight import free_port
from tests.e2e.stack import Stack, running, until

OUT = Path(__file__).parent
CLIPS = {
    "openshot_marathon_400p30.mp4": "Marathon: the crowd at kilometre 30",
    "sam2_soccer_juggle_720p24.mp4": "Football: juggling at the training ground",
    "pose2sim_beam_1088x1920p60.mp4": "Gymnastics: balance beam, portrait",
    "wave_croatia_1080p25_aac.mp4": "Sailing: the coast of the regatta",
}
LAST = "flutter_butterfly_720p30_aac.mp4"


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        running(Stack(home=Path(folder) / "home", port=free_port())) as stack,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--mute-audio"],
        )
        made = [stack.upload(source, title=title) for name, title in CLIPS.items() if (source := real(name))]
        for asset in made:
            stack.wait_for(asset, "ready", within=600)
        page = browser.new_page(viewport={"width": 1280, "height": 760}, color_scheme="dark")
        page.goto(f"{stack.url}/studio")
        page.get_by_label("Access token").fill(stack.token)
        page.get_by_role("button", name="Sign in").click()
        page.locator(".row").first.wait_for()
        if (source := real(LAST)) is not None:
            page.set_input_files("#files", str(source))
            row = ".row[data-state=playable] progress"
            until(lambda: page.evaluate(f"document.querySelector('{row}')?.value > 0.3"), "an encode goes on")
        page.screenshot(path=str(OUT / "studio.png"))
        page.goto(f"{stack.url}/?watch={made[-1]}")
        until(lambda: page.evaluate("document.querySelector('video')?.currentTime > 3"), "it plays")
        page.mouse.move(640, 300)
        page.wait_for_timeout(600)  # the controls fade in
        page.screenshot(path=str(OUT / "player.png"))
        page.goto(stack.url)
        page.locator(".card").first.wait_for()
        page.screenshot(path=str(OUT / "site.png"))
        page.set_viewport_size({"width": 390, "height": 760})
        page.goto(f"{stack.url}/studio")
        page.locator(".row").first.wait_for()
        page.screenshot(path=str(OUT / "studio-phone.png"))
        browser.close()


if __name__ == "__main__":
    main()
