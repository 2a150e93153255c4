"""A live channel in Chromium: hls.js by parts, Shaka Player and dash.js with HLS and DASH, and our own pages."""

from __future__ import annotations

import io
import re
import subprocess
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.accessible import lacking
from tests.e2e.stack import Stack, running, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator, Page, Route

VIDEO = "document.querySelector('video')"
MOMENT = re.compile(r"\d\d:\d\d:\d\d\.\d{3}")
MODULES = Path(__file__).parent / "node_modules"
SHAKA = MODULES / "shaka-player/dist/shaka-player.compiled.js"
DASH_JS = MODULES / "dashjs/dist/modern/umd/dash.all.min.js"
HLS_JS = Path(__file__).parents[2] / "web/node_modules/hls.js/dist/hls.min.js"
PAGE = """<!doctype html><meta charset="utf-8"><title>Live</title>
<link rel="icon" href="data:,"><video width="320" height="180" muted autoplay playsinline></video>
<script src="player.js"></script><script src="watch.js"></script>"""
WATCH = """
window.errors = [];
const hls = new Hls({ lowLatencyMode: true, enableWorker: false });
hls.on(Hls.Events.ERROR, (_, told) => { if (told.fatal) errors.push(told.details); });
hls.loadSource("/live/arena/index.m3u8");
hls.attachMedia(document.querySelector("video"));
window.behind = () => (hls.playingDate ? (Date.now() - hls.playingDate) / 1000 : null);
window.hls = hls;
"""
SCRUB = """
(() => {
  const preview = document.body.appendChild(document.createElement("video"));
  preview.id = "preview";
  const player = hls.createIFramePlayer({ capLevelToPlayerSize: false });
  player.on(Hls.Events.ERROR, (_, told) => errors.push(told.details));
  player.attachMedia(preview);
  let asked = -Infinity;
  window.shown = (time) => {
    if (performance.now() > asked + 500) {  // as often as a pointer moves on: see players.js
      asked = performance.now();
      player.loadMediaAt(time, { seekOnAppend: true });
    }
    return Math.abs(preview.currentTime - time) < 2 && !preview.seeking && preview.readyState >= 2;
  };
})()
"""
IN_SHAKA = """
window.errors = [];
const player = new shaka.Player();
player.addEventListener("error", (event) => errors.push(event.detail.code));
player.configure({ streaming: { lowLatencyMode: LOW } });
player
  .attach(document.querySelector("video"))
  .then(() => player.load("/live/arena/MANIFEST"))
  .catch((error) => errors.push(String(error.code ?? error)));
window.behind = () => (player.isLive() ? (Date.now() - player.getPlayheadTimeAsDate()) / 1000 : null);
"""
IN_DASH_JS = """
window.errors = [];
const player = dashjs.MediaPlayer().create();
player.on(dashjs.MediaPlayer.events.ERROR, (told) => errors.push(told.error.message));
player.initialize(document.querySelector("video"), "/live/arena/MANIFEST", true);
window.behind = () => player.getCurrentLiveLatency();
"""
OTHERS = {
    "Shaka Player, HLS by parts": (SHAKA, IN_SHAKA.replace("LOW", "true").replace("MANIFEST", "index.m3u8")),
    "Shaka Player, HLS by segments": (SHAKA, IN_SHAKA.replace("LOW", "false").replace("MANIFEST", "index.m3u8")),
    "Shaka Player, DASH": (SHAKA, IN_SHAKA.replace("LOW", "false").replace("MANIFEST", "manifest.mpd")),
    "Shaka Player, DASH by parts": (SHAKA, IN_SHAKA.replace("LOW", "true").replace("MANIFEST", "low-latency.mpd")),
    "dash.js": (DASH_JS, IN_DASH_JS.replace("MANIFEST", "manifest.mpd")),
    "dash.js by parts": (DASH_JS, IN_DASH_JS.replace("MANIFEST", "low-latency.mpd")),
}
BY_PARTS = {"Shaka Player, DASH by parts", "dash.js by parts"}


@pytest.fixture(scope="module")
def on_air(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int], ffmpeg: str) -> Iterator[Stack]:
    """A channel that a test picture with a tone is published to."""
    rtmp = free_port()
    home = tmp_path_factory.mktemp("home")
    made = Stack(home=home, port=free_port(), environment={"CHANNEL_RTMP_PORT": str(rtmp)})
    with running(made) as stack, stack.client() as client:
        client.post("/api/channels", json={"title": "Arena", "id": "arena"}).raise_for_status()
        client.post("/api/channels/arena/start").raise_for_status()
        secret = client.post("/api/channels/arena/keys", json={}).raise_for_status().json()["secret"]
        argv = [
            ffmpeg, "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi",
            "-i", "sine=frequency=440:sample_rate=48000", "-c:v", "libx264", "-preset", "ultrafast", "-tune",
            "zerolatency", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv",
            f"rtmp://127.0.0.1:{rtmp}/live/{secret}",
        ]  # fmt: skip
        publisher = subprocess.Popen(argv)
        try:
            until(lambda: client.get("/live/arena/index.m3u8").status_code == 200, "the channel is live")
            yield stack
        finally:
            publisher.kill()
            publisher.wait()


def watch(page: Page, stack: Stack, player: Path = HLS_JS, script: str = WATCH) -> None:
    """Open a page with a player in it, and the script that has it play."""
    files = {
        "": (PAGE, "text/html"),
        "player.js": (player.read_text(), "text/javascript"),
        "watch.js": (script, "text/javascript"),
    }

    def serve(route: Route) -> None:
        body, content_type = files[route.request.url.rpartition("/")[2]]
        route.fulfill(body=body, content_type=content_type)

    page.route(f"{stack.url}/players/*", serve)
    page.goto(f"{stack.url}/players/")


def test_hls_js_plays_parts_at_the_live_edge(on_air: Stack, browser: Browser) -> None:
    page = browser.new_page()
    asked: list[str] = []
    answers: list[tuple[int, str]] = []
    refused: list[str] = []

    def answered(response: Any) -> None:
        asked.append(response.url)
        answers.append((response.status, response.url))
        if response.status >= 400:
            refused.append(f"{response.status} {response.url}")

    page.on("response", answered)
    watch(page, on_air)
    until(lambda: page.evaluate("document.querySelector('video').currentTime") > 4, "hls.js plays")
    assert page.evaluate("errors") == []
    assert refused == []
    assert any("_HLS_msn=" in url and "_HLS_part=" in url for url in asked)
    assert any(url.rpartition("/")[2].count(".") == 2 and url.endswith(".m4s") for url in asked)  # {n}.{i}.m4s
    assert page.evaluate("hls.latestLevelDetails.partTarget") == pytest.approx(0.32)
    # Nearer to the edge than a player of whole segments may come: three target durations (RFC 8216bis §6.3.3).
    until(lambda: (page.evaluate("behind()") or 99) < 6, "hls.js is at the live edge")
    mark = {"kind": "sport", "id": "goal", "title": "1:0", "attributes": {"X-MINUTE": 23}}
    with on_air.client() as client:
        client.post("/api/channels/arena/timeline", json=mark).raise_for_status()
    ranges = "hls.latestLevelDetails.dateRanges"
    until(lambda: page.evaluate(f"'goal' in {ranges}"), "hls.js knows of the goal")
    told = page.evaluate(f"{ranges}.goal.attr")
    assert (told["CLASS"], told["X-TITLE"], told["X-MINUTE"]) == ("internal.channel.sport", "1:0", "23")
    assert page.evaluate(f"{ranges}.goal.isValid") is True

    # Key pictures, while a pointer moves along the bar: hls.js has a player for them, with playlists of its own.
    page.evaluate(SCRUB)
    edge = page.evaluate("hls.latestLevelDetails.edge")
    for back in (4.5, 2.5):
        until(lambda back=back: page.evaluate(f"shown({edge - back})"), f"the picture of {back} s ago")
        assert page.evaluate("preview.videoWidth") > 0
    scrubbed = [(status, url) for status, url in answers if "/iframes.m3u8" in url]
    assert {status for status, _ in scrubbed} == {200}
    assert any(status == 206 and url.endswith(".m4s") for status, url in answers), "ranges of segments"
    assert page.evaluate("errors") == []
    assert refused == []
    page.close()


def test_players_of_hls_and_of_dash_play_it(on_air: Stack, browser: Browser) -> None:
    """All at a time: what one of them asks for is there for all."""
    with on_air.client() as client:
        until(lambda: client.get("/live/arena/manifest.mpd").status_code == 200, "a segment is whole")
        # Of a shorter playlist Shaka Player 5.2 looks for captions in the segment that grows, which has no URL yet.
        until(
            lambda: client.get("/live/arena/v180-1/index.m3u8").text.count("#EXTINF") >= 8, "eight segments are whole"
        )
    pages, refused, grew = {}, defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for title, (player, script) in OTHERS.items():
        page = pages[title] = browser.new_page()
        page.on("response", partial(_note, refused[title], grew[title]))
        watch(page, on_air, player, script)
    for title, page in pages.items():
        until(lambda page=page: page.evaluate("document.querySelector('video').played.length > 0"), f"{title} begins")
        start = page.evaluate("document.querySelector('video').currentTime")
        until(
            lambda page=page, start=start: page.evaluate("document.querySelector('video').currentTime") > start + 4,
            f"{title} plays",
        )
        assert page.evaluate("errors") == [], title
        until(lambda page=page: page.evaluate("behind()") < 30, f"{title} is near the edge")
        page.close()
    assert {title: urls for title, urls in refused.items() if urls} == {}
    assert {title for title, urls in grew.items() if urls} == BY_PARTS


def _note(refused: list[str], grew: list[str], response: Any) -> None:
    """`grew`: segments that had no length when they were asked for."""
    if response.status >= 400:
        refused.append(f"{response.status} {response.url}")
    if response.url.endswith(".m4s") and "content-length" not in response.headers:
        grew.append(response.url)


def test_a_viewer_goes_back_in_the_broadcast_and_returns_to_live(on_air: Stack, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(on_air.url)
    page.get_by_role("link", name="Arena").click()
    live = page.get_by_role("button", name="Live", exact=True)
    bar = page.get_by_role("slider", name="Position in the broadcast")
    expect(live).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("heading", name="Arena")).to_be_visible()
    until(lambda: int(bar.get_attribute("aria-valuemin") or 0) < -16, "there is something to go back to")
    expect(page.get_by_text("1 watching")).to_be_visible(timeout=300_000)

    box = bar.bounding_box()
    assert box is not None
    tip, seen = page.locator(".dvr .tip"), page.locator(".dvr .stills[data-shown=yes] video")
    for part in (0.5, 0.25, 0.9):
        page.mouse.move(box["x"] + box["width"] * part, box["y"] + box["height"] / 2)
        expect(seen).to_be_visible(timeout=300_000)
        expect(tip).to_contain_text(re.compile(r"\d\d:\d\d:\d\d.* · −\d+:\d\d"))
        assert seen.evaluate("video => video.videoWidth") > 0
    assert lacking(page) == []
    page.mouse.move(0, 0)
    expect(tip).to_be_hidden()

    page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    expect(live).to_have_attribute("aria-pressed", "false")
    expect(bar).to_have_attribute("aria-valuetext", re.compile("seconds behind live"))
    until(lambda: page.evaluate(f"{VIDEO}.readyState >= 3 && !{VIDEO}.seeking"), "what is long past plays")
    until(lambda: page.evaluate(f"{VIDEO}.playbackRate") == 1, "it is not hurried to the edge")
    was = page.evaluate(f"{VIDEO}.currentTime")
    page.keyboard.press("ArrowRight")
    until(lambda: page.evaluate(f"{VIDEO}.currentTime") > was + 9, "ten seconds on")
    page.mouse.move(0, 0)
    expect(seen).to_be_visible(timeout=300_000)  # of where the keys have led
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()

    live.click()
    expect(live).to_have_attribute("aria-pressed", "true")
    expect(bar).to_have_attribute("aria-valuetext", re.compile("live$"))
    assert lacking(page) == []
    was = page.evaluate(f"{VIDEO}.currentTime")
    until(lambda: page.evaluate(f"{VIDEO}.currentTime") > was + 1, "the live edge plays")

    with on_air.client() as client:
        assert client.get("/api/live/arena").json()["viewers"] >= 1
        viewers = "/api/channels/arena/viewers"
        until(lambda: client.get(viewers).json()["views"] >= 1, "who watched for ten seconds is a view")
        until(lambda: client.get(viewers).json()["qoe"]["latency_s"] > 0, "how far behind live it was shown is known")
        assert client.get(viewers).json()["qoe"]["playback_rate"] > 0.9
    page.close()


@pytest.fixture
def studio(on_air: Stack, browser: Browser) -> Iterator[Page]:
    """The list of channels, signed in to."""
    page = browser.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{on_air.url}/studio?channels")
    page.get_by_label("Access token").fill(on_air.token)
    page.get_by_role("button", name="Sign in").click()
    yield page
    page.close()


def test_an_editor_marks_a_clip_exactly_while_it_goes_on(on_air: Stack, studio: Page) -> None:
    page = studio
    page.get_by_role("link", name="Arena").click()
    marks = {name: page.get_by_role("group", name=name, exact=True).locator("output") for name in ("In", "Out")}
    until(lambda: page.evaluate(f"{VIDEO} && {VIDEO}.currentTime > 0 && !{VIDEO}.paused"), "the preview plays")
    until(lambda: page.get_by_role("timer", name="Shown picture").text_content(), "the picture has its moment")
    page.keyboard.press("i")
    expect(marks["In"]).to_have_text(MOMENT)
    page.get_by_role("button", name="+1 frame, In").click()
    expect(marks["In"]).to_have_text(MOMENT)
    page.keyboard.press("o")
    for _ in range(3):
        page.get_by_role("button", name="+1 s, Out").click()
    page.get_by_role("button", name="−1 frame, Out").click()
    seconds = _seconds(marks["Out"]) - _seconds(marks["In"])
    page.get_by_label("Title of the clip").fill("Finish")
    page.get_by_role("button", name="Make clip").click()
    clips = page.get_by_role("region", name="Clips and recordings")
    expect(clips.get_by_label("Title")).to_have_value("Finish")
    expect(clips.get_by_text("can be played")).to_be_visible()
    expect(clips.get_by_text("Replacing")).to_have_count(0)  # it is made exact, or it is
    asset = clips.locator("[data-asset]").get_attribute("data-asset")
    assert asset is not None
    until(lambda: on_air.asset(asset)["replacement"] is None, "it is exact to the frame")
    exact = on_air.asset(asset)
    assert exact["duration_s"] == pytest.approx(seconds, abs=0.0005)
    expect(clips.locator(".badge").first).to_have_text("Ready")


def _seconds(mark: Locator) -> float:
    hours, minutes, seconds = (mark.text_content() or "").split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)


def _card(size: tuple[int, int]) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", size, (200, 40, 20)).save(body, "PNG")
    return body.getvalue()


def _sent(page: Page, slate: Locator, body: bytes) -> str:
    """What is said of a picture. One that no worker draws in time is to be sent again."""
    with page.expect_file_chooser() as chooser:
        slate.get_by_role("button", name="Choose a picture").press("Enter")
    chooser.value.set_files({"name": "card.png", "mimeType": "image/png", "buffer": body})
    status = slate.get_by_role("status")
    expect(status).to_have_text(re.compile(r"\.$"))
    return status.text_content() or ""


def test_an_editor_sees_how_a_channel_is_and_lets_publishers_in(studio: Page, on_air: Stack, browser: Browser) -> None:
    page = studio
    page.get_by_role("link", name="Arena").click()
    expect(page.get_by_role("heading", name="Arena")).to_be_visible()
    health = page.get_by_role("region", name="Health")
    expect(health).to_contain_text("320×180")
    expect(health).to_contain_text(re.compile(r"\d+ [kM]b/s"))
    expect(health).to_contain_text("every 2.0 s")
    expect(health.get_by_text("On air")).to_be_visible()
    expect(health.locator("dt", has_text="Clock").first.locator("+ dd")).to_have_text(re.compile(r"\d\.\d\d s$"))
    expect(health.locator(".stored")).to_contain_text("Lost0 s")
    until(lambda: page.evaluate(f"{VIDEO} && {VIDEO}.currentTime > 0 && !{VIDEO}.paused"), "the preview plays")

    timeline = page.get_by_role("region", name="Timeline")
    timeline.get_by_label("Kind").select_option("Sport event")
    timeline.get_by_label("Title of the mark").fill("100 m, start")
    timeline.get_by_role("button", name="Mark here").click()
    expect(timeline.get_by_role("button", name="100 m, start")).to_be_visible()
    viewer = browser.new_page()
    viewer.goto(f"{on_air.url}/?live=arena")
    moment = viewer.get_by_role("region", name="Moments").get_by_role("button", name="100 m, start")
    expect(moment).to_be_visible(timeout=300_000)
    expect(viewer.locator(".dvr .marks i[data-kind=sport]").first).to_be_attached()
    viewer.close()

    keys = page.get_by_role("region", name="Stream keys")
    keys.get_by_label("Place").select_option("backup")
    keys.get_by_role("button", name="Make a key").click()
    expect(keys.get_by_role("textbox", name="RTMP, OBS: Stream Key")).to_have_value(re.compile("^live_"))
    assert lacking(page) == []
    keys.get_by_role("button", name="I have it").click()
    expect(keys.get_by_role("textbox", name="RTMP, OBS: Stream Key")).to_have_count(0)
    keys.get_by_role("button", name="Revoke the backup key").click()
    expect(keys.get_by_role("list", name="Stream keys that open")).not_to_contain_text("Backup")

    slate = page.get_by_role("region", name="Slate")
    for body, said in ((b"<svg/>", "no JPEG, PNG or WebP"), (_card((64, 36)), "Viewers see it from now on")):
        until(lambda body=body, said=said: said in _sent(page, slate, body), said)  # type: ignore[misc]
    expect(slate.get_by_role("img", name="The channel’s slate")).to_have_js_property("naturalWidth", 64)
    assert lacking(page) == []
    slate.get_by_role("button", name="Remove it").press("Enter")
    expect(slate).to_contain_text("the built-in slate")
    expect(slate.get_by_role("button", name="Choose a picture")).to_be_focused()

    page.get_by_role("link", name="All channels").click()
    page.get_by_role("button", name="New channel").click()
    page.get_by_label("Title").fill("Pool")
    page.get_by_label("Public").uncheck()
    assert lacking(page) == []
    page.get_by_role("button", name="Make the channel").click()
    page.get_by_role("button", name="Start an event").click()
    expect(page.get_by_text("Waiting for a publisher")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("for editors only")
    page.get_by_role("button", name="End the event").click()
    expect(page.get_by_role("button", name="Start an event")).to_be_visible()


def test_after_the_end_a_viewer_is_led_to_the_recording(on_air: Stack, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{on_air.url}/?live=arena")
    until(lambda: page.evaluate(f"{VIDEO} && {VIDEO}.currentTime > 0"), "it plays")
    with on_air.client() as client:
        client.post("/api/channels/arena/stop").raise_for_status()
        expect(page.get_by_text("The event has ended")).to_be_visible(timeout=300_000)
        expect(page.get_by_role("button", name="Watch from the beginning")).to_be_visible(timeout=300_000)
        recording = until(lambda: client.get("/api/channels/arena").json()["recording"], "it is recorded")
        client.post(f"/api/assets/{recording}/publish").raise_for_status()
    page.get_by_role("link", name="Watch the recording").click(timeout=60_000)
    until(lambda: page.evaluate(f"{VIDEO} && {VIDEO}.currentTime > 0.5 && {VIDEO}.duration > 5"), "the recording plays")
    page.close()
