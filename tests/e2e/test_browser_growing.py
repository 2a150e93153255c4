"""A viewer in headless Chromium opens an asset while it is uploaded, and watches it to the end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.e2e.stack import until
from tests.e2e.test_browser import VIDEO, Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx
    from playwright.sync_api import Browser

    from tests.e2e.stack import Stack

SECONDS = 16


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield Watched(context.new_page())
    context.close()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, clips_of: Callable[..., None]) -> bytes:
    folder = tmp_path_factory.mktemp("source")
    clips_of(folder, {"clip.ts": []}, seconds=SECONDS, size="320x180")
    return (folder / "clip.ts").read_bytes()


def test_a_viewer_who_came_early_watches_to_the_end(stack: Stack, watched: Watched, source: bytes) -> None:
    rest = threading.Event()
    half = len(source) // 2

    def slowly() -> Iterator[bytes]:
        yield source[:half]
        rest.wait()
        yield source[half:]

    with stack.client() as client:
        asset = client.post("/api/assets", json={"title": "A race that arrives"}).raise_for_status().json()["id"]
        client.post(f"/api/assets/{asset}/publish").raise_for_status()
        answers: list[httpx.Response] = []

        def upload() -> None:
            with stack.client() as editor:
                headers = {"Content-Length": str(len(source))}
                url = f"/api/assets/{asset}/source"
                answers.append(editor.put(url, content=slowly(), headers=headers, timeout=180))

        uploading = threading.Thread(target=upload)
        uploading.start()
        try:
            until(lambda: stack.asset(asset)["playback_url"], "it plays", within=90)
            assert stack.asset(asset)["state"] == "uploading"
            watched.page.goto(f"{stack.url}/?watch={asset}")
            watched.until(f"{VIDEO} && {VIDEO}.currentTime > 1", within=90)
            assert watched.video("currentTime") < SECONDS / 2, "from the beginning"
        finally:
            rest.set()
            uploading.join()
    assert answers[0].is_success, answers[0].text
    watched.until(f"{VIDEO}.ended", within=300)
    assert watched.video("duration") == pytest.approx(SECONDS, abs=0.2)
    assert watched.video("currentTime") == pytest.approx(watched.video("duration"), abs=0.1)
    assert watched.errors == []
