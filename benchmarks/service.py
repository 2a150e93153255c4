"""What editors and viewers do with a running stack, and what it has used meanwhile."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from typing import TYPE_CHECKING, Any, Final

import httpx
import psutil
import redis

from infra.jobs.lanes import WORKERS, Queue
from infra.local.stack import addresses
from tests.e2e.stack import until
from transcoder.ffmpeg import ffmpeg_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.stack import Stack

_LOOK_S: Final = 0.02
_FETCHED: Final = "channel_source_fetched_bytes_total"


def await_workers(stack: Stack, count: int) -> None:
    """Wait until so many workers say that they take work; the API answers before the first one does."""
    with redis.Redis.from_url(addresses(stack.home)["CHANNEL_REDIS_URL"]) as client:
        until(lambda: client.zcard(WORKERS + Queue.BULK) == count, f"{count} workers are there")


def editor(stack: Stack, name: str) -> str:
    """The token of a new editor: a tenant of its own."""
    with stack.client() as admin:
        answer = admin.post("/api/tokens", json={"role": "editor", "name": name}).raise_for_status()
        return str(answer.json()["token"])


def upload(stack: Stack, source: Path, *, token: str | None = None) -> tuple[str, float]:
    """A new, public asset with this source; its id, and when its last byte was sent (`time.perf_counter`)."""
    sent = 0.0

    def body() -> Iterator[bytes]:
        nonlocal sent
        with source.open("rb") as file:
            while piece := file.read(2**20):
                yield piece
                sent = time.perf_counter()

    with stack.client(token=token) as client, stack.client() as admin:
        asset = client.post("/api/assets", json={"title": source.stem}).raise_for_status().json()["id"]
        admin.post(f"/api/assets/{asset}/publish").raise_for_status()
        client.put(f"/api/assets/{asset}/source", content=body()).raise_for_status()
    return str(asset), sent


def first_segment(stack: Stack, asset: str) -> tuple[bytes, bytes]:
    """What a player does: the multivariant playlist, the first variant, its init section and first segment."""
    with httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as viewer:
        while (answer := viewer.get(f"/v/{asset}/index.m3u8")).status_code != 200:
            time.sleep(_LOOK_S)
        uri = first_variant(answer.text)
        rendition = uri.split("/")[0]
        viewer.get(f"/v/{asset}/{uri}").raise_for_status()
        # Who waited as long as a request may is told to ask again.
        while (answer := viewer.get(f"/v/{asset}/{rendition}/0.m4s")).status_code == 503:
            time.sleep(_LOOK_S)
        segment = answer.raise_for_status().content
        return viewer.get(f"/v/{asset}/{rendition}/init.mp4").raise_for_status().content, segment


def first_variant(playlist: str) -> str:
    """The URI of the first variant of a multivariant playlist."""
    return next(line for line in playlist.splitlines() if line and not line.startswith("#"))


def decodes(body: bytes) -> None:
    """Raises CalledProcessError unless ffmpeg decodes all of it."""
    subprocess.run(
        [ffmpeg_path(), "-nostdin", "-loglevel", "error", "-xerror", "-i", "-", "-f", "null", "-"],
        input=body, check=True,
    )  # fmt: skip


def playable(stack: Stack, source: Path, *, token: str | None = None) -> tuple[str, float]:
    """Upload and watch: the asset, and seconds from the last byte to a first segment that decodes."""
    asset, begun = upload(stack, source, token=token)
    init, segment = first_segment(stack, asset)
    waited = time.perf_counter() - begun
    decodes(init + segment)
    return asset, waited


def events(stack: Stack, asset: str) -> Iterator[dict[str, Any]]:
    """The progress of an asset as the studio sees it, until it is ready. Polling would cost CPU that is measured."""
    with stack.client() as client:
        state = ""
        while state != "ready":
            with client.stream("GET", f"/api/assets/{asset}/events") as stream:
                for line in stream.iter_lines():
                    if line.startswith("data:"):
                        event: dict[str, Any] = json.loads(line.removeprefix("data:"))
                        state = event["state"]
                        assert state != "failed", event
                        yield event


def until_ready(stack: Stack, asset: str) -> None:
    for _ in events(stack, asset):
        pass


def delete(stack: Stack, *assets: str, quiet: bool = True) -> None:
    """Delete them. `quiet`: wait until nothing is encoded any more, so that what comes next has the machine alone."""
    with stack.client() as client:
        for asset in assets:
            client.delete(f"/api/assets/{asset}").raise_for_status()
    if quiet:
        until(lambda: not stack.child("worker").children(recursive=True), "no encoder runs")


def cpu_of(*roots: psutil.Process) -> float:
    """CPU seconds of these processes and of all below them, those that have ended too."""
    used = 0.0
    for root in roots:
        for process in (root, *root.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                used += sum(process.cpu_times()[:4])
    return used


def fetched(port: int) -> int:
    """Bytes of sources that the worker has fetched, by its own metrics (CHANNEL_WORKER_METRICS_PORT)."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).raise_for_status().text
    return round(float(next(line.split()[1] for line in text.splitlines() if line.startswith(_FETCHED + " "))))
