"""The whole embedded stack as a user starts it, single processes that can be killed, and a real browser."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.e2e.service import Service, make_clip, prepared
from tests.e2e.stack import Stack, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from infra.s3 import S3Store
    from infra.settings import S3Settings


# Others encode beside these tests: what a page shows in a moment may take longer here.
expect.set_options(timeout=60_000)

# MediaMTX is no part of what the tests need: `make gateway` builds it, and names it.
collect_ignore = [] if "CHANNEL_TEST_MEDIAMTX" in os.environ else ["test_gateway.py"]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Stack]:
    """One stack for all tests that leave it as it was (they make assets of their own)."""
    # Tests of two workers share the cores: a viewer here may have to wait longer for an encode than one should.
    patient = {"CHANNEL_SEGMENT_WAIT_S": "18"}
    with running(Stack(home=tmp_path_factory.mktemp("home"), port=free_port(), environment=patient)) as started:
        yield started


@pytest.fixture
def own_stack(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Stack]:
    """A stack for this test alone, not started: it may be killed."""
    made = Stack(home=tmp_path / "home", port=free_port())
    try:
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.stop()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> bytes:
    """Some seconds of picture and sound, long enough to be in the middle of."""
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", ffmpeg)


@pytest.fixture
async def service(
    tmp_path: Path,
    valkey_server: Any,
    s3_settings: S3Settings,
    store: S3Store,
    ffmpeg: str,
    free_port: Callable[[], int],
) -> AsyncIterator[Service]:
    """Servers that stand, and none of our own processes yet: a test starts, and kills, those that it wants."""
    parts = {"valkey": valkey_server, "s3": s3_settings, "store": store, "ffmpeg": ffmpeg, "port": free_port()}
    async with prepared(tmp_path / "home", **parts) as service:
        yield service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; it plays without a click, as a viewer who has been here before may.

    For one module only: Playwright's synchronous interface keeps an event loop running in this thread, beside which no
    async test of another module could run.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=found,
            args=[
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--no-first-run", "--mute-audio",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )  # fmt: skip
        yield launched
        launched.close()
