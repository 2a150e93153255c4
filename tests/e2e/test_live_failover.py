"""Two encoders on one channel, and the one that is seen is killed again and again: nobody who watches notices.

`make soak-live` kills a hundred times. CHANNEL_FAILOVERS chooses another number.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import httpx
import psutil
import pytest
from typer.testing import CliRunner

from streaming.cli import app
from tests.e2e import live
from tests.e2e.stack import Stack, running, until
from tests.e2e.test_browser_live import HLS_JS, watch
from tests.transcoder.stills.test_image import SHOWN
from transcoder.fragments import fragments_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

KILLS: Final = int(os.environ.get("CHANNEL_FAILOVERS") or 2)
CHANNEL: Final = "arena"
STALLS: Final = {"bufferStalledError", "bufferNudgeOnStall"}
"""What hls.js says of a machine that is busy with other things."""
PLAYER: Final = f"""
window.errors = [];
const hls = new Hls({{ lowLatencyMode: true, enableWorker: false }});
hls.on(Hls.Events.ERROR, (_, told) => errors.push(told.details));
hls.loadSource("/live/{CHANNEL}/index.m3u8");
hls.attachMedia(document.querySelector("video"));
"""


class Encoder:
    """An encoder of a venue, by RTMP or SRT: whenever it ends, its watchdog starts it again."""

    def __init__(self, ffmpeg: str, address: str) -> None:
        form = "mpegts" if address.startswith("srt:") else "flv"
        self._argv = [
            ffmpeg, "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25", "-f", "lavfi",
            "-i", "sine=frequency=440:sample_rate=48000", "-c:v", "libx264", "-preset", "ultrafast", "-tune",
            "zerolatency", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", form, address,
        ]  # fmt: skip
        self._over = threading.Event()
        self._start()
        self._watchdog = threading.Thread(target=self._watch, daemon=True)
        self._watchdog.start()

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self._over.set()
        while self._watchdog.is_alive():  # it may just have started another one
            self.kill()
            self._watchdog.join(0.1)

    def _start(self) -> None:
        self._process = subprocess.Popen(self._argv, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _watch(self) -> None:
        while True:
            self._process.wait()
            if self._over.wait(0.2):
                return
            self._start()


class Watcher(live.Viewer):
    """Notes the place in time of every part, and how long behind its end it was there (ms).

    Who is held up by a busy machine finds some parts in their segments only.
    """

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        super().__init__(client=client, url=url)
        self.places: set[tuple[int, int]] = set()
        self.behind: list[float] = []

    def fetched(self, uri: str, body: bytes) -> None:
        if re.fullmatch(r"\d+(\.\d+)?\.m4s", uri):
            self.places |= {(each.decode_time, each.duration) for each in fragments_of(body)}
        if re.fullmatch(r"\d+\.\d+\.m4s", uri):
            assert self.last is not None
            edge = [*self.last.segments][-1]
            if self.last.growing is not None and edge.program_date_time is not None:
                shown = edge.duration + sum(each.duration for each in self.last.growing.parts)
                self.behind.append(1000 * (time.time() - edge.program_date_time.timestamp() - float(shown)))


class Audience:
    """Watches picture and sound in a thread of its own, until it is left."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._over = threading.Event()
        self.viewers: list[Watcher] = []
        self.fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def leave(self) -> None:
        self._over.set()
        self._thread.join()
        if self.fault is not None:
            raise self.fault

    def _run(self) -> None:
        try:
            asyncio.run(self._watch())
        except BaseException as exc:
            self.fault = exc

    async def _watch(self) -> None:
        async with httpx.AsyncClient(base_url=self._stack.url, timeout=60, trust_env=False) as client:
            urls = await live.renditions(client, f"{self._stack.url}/live/{CHANNEL}/index.m3u8")
            self.viewers = [Watcher(client, url) for url in urls]
            async with asyncio.TaskGroup() as all_of_them:
                for viewer in self.viewers:
                    all_of_them.create_task(self._follow(viewer))

    async def _follow(self, viewer: Watcher) -> None:
        while not self._over.is_set():
            await viewer.poll()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Stack]:
    srt = free_port()
    ways = {"CHANNEL_RTMP_PORT": str(free_port()), "CHANNEL_SRT_PORTS": f"{srt}-{srt + 1}"}
    with running(Stack(home=tmp_path_factory.mktemp("home"), port=free_port(), environment=ways)) as started:
        with started.client() as client:
            client.post("/api/channels", json={"title": "Arena", "id": CHANNEL}).raise_for_status()
            client.post(f"/api/channels/{CHANNEL}/start").raise_for_status()
        yield started


@pytest.fixture(scope="module")
def addresses(stack: Stack) -> dict[str, str]:
    """Where to publish: the primary by RTMP, the backup by SRT."""
    with stack.client() as client:
        primary, backup = (
            client.post(f"/api/channels/{CHANNEL}/keys", json={"place": place}).raise_for_status().json()
            for place in ("primary", "backup")
        )
    rtmp = f"rtmp://127.0.0.1:{stack.environment['CHANNEL_RTMP_PORT']}/live/{primary['secret']}"
    return {"primary": rtmp, "backup": backup["addresses"]["srt"]}


@contextmanager
def published(addresses: dict[str, str], ffmpeg: str) -> Iterator[dict[str, Encoder]]:
    """By an encoder at each place."""
    encoders: dict[str, Encoder] = {}
    try:
        for place, address in addresses.items():
            encoders[place] = Encoder(ffmpeg, address)
        yield encoders
    finally:
        for encoder in encoders.values():
            encoder.close()


def both_since(client: httpx.Client, *, after: str = "") -> str:
    """Since when the primary is there, and which of his encoders, if that is later and he is seen, and the backup is
    ready; else nothing."""
    health = client.get(f"/api/channels/{CHANNEL}/health").raise_for_status().json()
    ready = {
        each["place"]: f"{each['since']} {each['encoder_restarts']:03}"
        for each in health["publishers"] if each["behind_ms"] is not None
    }  # fmt: skip
    since = str(ready.get("primary", ""))
    return since if health["on_air"] == "primary" and "backup" in ready and since > after else ""


def kill_child(stack: Stack) -> None:
    """The encoder of the primary in the live process: with a key picture a segment."""
    for child in stack.child("live").children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if re.search(r"^\S*ffmpeg.* -g 48 ", " ".join(child.cmdline())):
                child.kill()


@pytest.mark.timeout(120 + 12 * KILLS)
def test_killing_the_encoder_that_is_seen_is_not_seen(
    stack: Stack, addresses: dict[str, str], browser: Browser, ffmpeg: str
) -> None:
    page = browser.new_page()
    with published(addresses, ffmpeg) as encoders, stack.client() as client:
        until(lambda: client.get(f"/live/{CHANNEL}/index.m3u8").status_code == 200, "the channel is live")
        since = until(lambda: both_since(client), "both publish")
        audience = Audience(stack)
        try:
            watch(page, stack, HLS_JS, PLAYER)
            until(lambda: page.evaluate("document.querySelector('video').currentTime") > 1, "hls.js plays")
            for count in range(KILLS):
                if count % 2:
                    kill_child(stack)
                else:
                    encoders["primary"].kill()
                since = until(lambda: both_since(client, after=since), f"the primary is back, {count + 1}")  # noqa: B023
            before = page.evaluate("document.querySelector('video').currentTime")
            until(lambda: page.evaluate("document.querySelector('video').currentTime") > before + 1, "hls.js goes on")
        finally:
            audience.leave()
    said = page.evaluate("errors")
    assert set(said) <= STALLS
    assert len(audience.viewers) == 2
    for viewer in audience.viewers:
        assert viewer.refused == []
        numbers = sorted(viewer.segments)
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert not any(each.gap or each.discontinuity for each in viewer.segments.values())
        assert len({each.duration for each in viewer.segments.values()}) == 1
        # Each part is where the one before it ends: none is missing, none is there twice.
        assert all(start + duration == after for (start, duration), (after, _) in pairwise(sorted(viewer.places)))
        behind = sorted(viewer.behind)
        middle, most, last = behind[len(behind) // 2], behind[len(behind) * 99 // 100], behind[-1]
        found = f"parts behind their end: median {middle:.0f} ms, 99 % {most:.0f} ms, longest {last:.0f} ms"
        print(f"\n{KILLS} kills, {len(numbers)} segments; {found}; hls.js stalled {len(said)} times")  # noqa: T201
    page.close()


def test_with_nobody_left_it_is_the_slate_and_who_returns_is_seen_again(
    stack: Stack, addresses: dict[str, str], ffmpeg: str
) -> None:
    def health() -> dict[str, Any]:
        found: dict[str, Any] = client.get(f"/api/channels/{CHANNEL}/health").raise_for_status().json()
        return found

    with stack.client() as client:
        with published(addresses, ffmpeg):
            until(lambda: both_since(client), "both publish")
            audience = Audience(stack)
        try:
            until(lambda: health()["on_air"] == "slate", "the slate is shown")
            assert client.get(f"/api/channels/{CHANNEL}").json()["state"] == "interrupted"
            with published(addresses, ffmpeg):
                until(lambda: both_since(client), "both publish again")
                until(
                    lambda: all(any(each.discontinuity for each in one.segments.values()) for one in audience.viewers),
                    "the return is seen",
                )
        finally:
            audience.leave()
    places = []
    for viewer in audience.viewers:
        assert viewer.refused == []
        assert not any(each.gap for each in viewer.segments.values())
        assert len({each.duration for each in viewer.segments.values()}) == 1
        assert all(start + duration == after for (start, duration), (after, _) in pairwise(sorted(viewer.places)))
        places.append([number for number, each in viewer.segments.items() if each.discontinuity])
    assert places[0][-1] == places[1][-1]


@pytest.mark.usefixtures("addresses")
def test_editors_put_up_a_slate_by_the_command_line(stack: Stack, tmp_path: Path) -> None:
    def run(*said: str) -> tuple[int, str]:
        asked = ["live-slate", CHANNEL, *said, "--url", stack.url, "--token", stack.token]
        told = CliRunner().invoke(app, asked)
        return told.exit_code, told.output

    card, saved = tmp_path / "card.jpg", tmp_path / "saved.png"
    card.write_bytes(SHOWN["JPEG"][0])
    assert run() == (0, "the built-in slate\n")
    assert run("--save", str(saved)) == (
        1,
        "channel live-slate: The channel has no slate of its own: viewers see the built-in one.\n",
    )
    of_its_own = (0, f"a slate of its own, {stack.url}/api/channels/{CHANNEL}/slate\n")
    assert run(str(card)) == of_its_own
    assert run("--save", str(saved)) == of_its_own
    assert saved.read_bytes().startswith(b"\x89PNG")
    card.write_bytes(b"no picture")
    refused, said = run(str(card))
    assert (refused, said[:20]) == (1, "channel live-slate: ")
    assert run(str(card), "--remove")[0] == 2
    assert run("--remove") == (0, "the built-in slate\n")
    assert run() == (0, "the built-in slate\n")
