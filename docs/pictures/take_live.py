"""Take the pictures of the live pages again: `make pictures` (needs Chromium and the real clips)."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import imageio_ffmpeg
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.clips import real
from infra.local.preflight import free_port
from tests.e2e.stack import Stack, running, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

OUT: Final = Path(__file__).parent
CLIP: Final = "wave_croatia_1080p25_aac.mp4"
MARKS: Final = (("marker", "Start"), ("sport", "First at mark 1: 17"), ("sport", "Protest: 4 against 9"))
APART_S: Final = 12
"""Seconds between two marks: a bar with nothing on it shows little."""


@contextmanager
def publishing(source: Path, address: str, *, folder: Path) -> Iterator[None]:
    """As an encoder on a machine of its own: what is sent is encoded before."""
    ffmpeg, feed = imageio_ffmpeg.get_ffmpeg_exe(), folder / "feed.mp4"
    argv = [ffmpeg, "-loglevel", "error", "-i", str(source), "-vf", "scale=-2:720", "-c:v", "libx264"]
    argv += ["-preset", "ultrafast", "-g", "50", "-sc_threshold", "0", "-c:a", "copy", str(feed)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)  # noqa: S603 - no argument comes from outside
    argv = [ffmpeg, "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", str(feed), "-c", "copy", "-f", "flv"]
    publisher = subprocess.Popen([*argv, address], stdin=subprocess.DEVNULL)  # noqa: S603 - no argument comes from outside
    try:
        yield
    finally:
        publisher.kill()
        publisher.wait()


def take(page: Page, name: str) -> None:
    """As JPEG: most of it is a photograph."""
    page.screenshot(path=str(OUT / f"{name}.jpg"), type="jpeg", quality=80)


def take_viewer(browser: Browser, stack: Stack) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme="dark")
    page.goto(f"{stack.url}/?live=race")
    page.get_by_text("1 watching").wait_for()
    page.locator(".dvr .marks i").nth(1).wait_for()
    for _ in range(2):  # the window has moved on by when the first picture is there
        mark = page.evaluate(
            "document.querySelectorAll('.dvr .marks i')[1].offsetLeft"
        )  # in one go: they are drawn anew
        page.get_by_role("slider", name="Position in the broadcast").hover(position={"x": mark + 2, "y": 16})
        page.locator(".dvr .stills[data-shown=yes]").wait_for()
    page.wait_for_timeout(600)  # the controls fade in
    take(page, "live")
    page.set_viewport_size({"width": 390, "height": 760})
    page.mouse.move(200, 150)
    page.wait_for_timeout(600)
    take(page, "live-phone")
    page.close()


def take_desk(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url}/studio?channel=race")
    page.get_by_label("Access token").fill(stack.token)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Live", exact=True, pressed=True).wait_for()
    page.keyboard.press("i")
    page.wait_for_timeout(6000)
    page.keyboard.press("o")
    page.get_by_label("Title of the clip").fill("Round the first mark")
    page.get_by_role("heading", name="Clip", exact=True).hover()
    take(page, "studio-live")


def card() -> bytes:
    """A slate of one's own."""
    shown = Image.new("RGB", (1280, 720), (20, 62, 120))
    write = ImageDraw.Draw(shown)
    write.text((640, 330), "We’ll be right back", font=ImageFont.load_default(size=84), fill="white", anchor="mm")
    body = io.BytesIO()
    shown.save(body, "PNG")
    return body.getvalue()


def take_slate(page: Page) -> None:
    panel = page.get_by_role("region", name="Slate")
    panel.get_by_label("Picture for the slate").set_input_files(
        {"name": "card.png", "mimeType": "image/png", "buffer": card()}
    )
    panel.get_by_role("button", name="Remove it").wait_for()
    page.wait_for_function("document.querySelector('.slate img').naturalWidth > 0")
    panel.screenshot(path=str(OUT / "studio-slate.jpg"), type="jpeg", quality=80)


def main() -> None:
    source = real(CLIP)
    if source is None:
        sys.exit(f"there is no {CLIP}")
    rtmp = free_port()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        made = Stack(home=Path(folder) / "home", port=free_port(), environment={"CHANNEL_RTMP_PORT": str(rtmp)})
        with running(made) as stack, stack.client() as client:
            client.post("/api/channels", json={"title": "Sailing: the coastal race", "id": "race"})
            client.post("/api/channels/race/start").raise_for_status()
            secret = client.post("/api/channels/race/keys", json={}).raise_for_status().json()["secret"]
            with publishing(source, f"rtmp://127.0.0.1:{rtmp}/live/{secret}", folder=Path(folder)):
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"),
                    args=["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"],
                )
                until(lambda: client.get("/live/race/index.m3u8").status_code == 200, "it is live")
                desk = browser.new_page(viewport={"width": 1280, "height": 1000}, color_scheme="dark")
                for kind, title in MARKS:
                    client.post("/api/channels/race/timeline", json={"kind": kind, "title": title}).raise_for_status()
                    desk.wait_for_timeout(APART_S * 1000)
                take_viewer(browser, stack)
                take_desk(desk, stack)
                take_slate(desk)
                browser.close()


if __name__ == "__main__":
    main()
