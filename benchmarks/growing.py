"""Time from the first byte of a slow upload to the first decodable segment, through the running stack."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.clips import made
from benchmarks.report import Result
from benchmarks.service import decodes, first_segment
from infra.local.preflight import free_port
from tests.e2e.stack import Stack, running
from transcoder.ffmpeg import ffmpeg_path

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 3
_SECONDS = 30
_STEP_S = 0.1
_LINES = (1, 2, 4)
"""How much faster than it plays a source is sent."""
_FORMATS = {"ts": [], "mkv": [], "fragmented.mp4": ["-movflags", "frag_keyframe+empty_moov"], "fast.mp4": [
    "-movflags", "faststart"
]}  # fmt: skip


def _once(stack: Stack, source: Path, line: int) -> tuple[float, float]:
    """Seconds from the first byte to the first segment, and the share of the source that was sent by then."""
    body = source.read_bytes()
    step = int(len(body) / _SECONDS * line * _STEP_S)
    seen = threading.Event()
    sent, begun = 0, 0.0

    def slowly() -> Iterator[bytes]:
        nonlocal sent, begun
        begun = time.perf_counter()
        while sent < len(body):
            yield body[sent : sent + step]
            sent += step
            # Once the viewer has what he waits for the rest may come at once.
            seen.wait(0 if seen.is_set() else max(0.0, begun + sent / step * _STEP_S - time.perf_counter()))

    with stack.client() as client:
        asset = client.post("/api/assets", json={"title": source.name}).raise_for_status().json()["id"]
        client.post(f"/api/assets/{asset}/publish").raise_for_status()

        def upload() -> None:
            with stack.client() as editor:
                headers = {"Content-Length": str(len(body))}
                answer = editor.put(f"/api/assets/{asset}/source", content=slowly(), headers=headers, timeout=120)
                answer.raise_for_status()

        uploading = threading.Thread(target=upload)
        uploading.start()
        init, segment = first_segment(stack, asset)
        waited, share = time.perf_counter() - begun, min(1.0, sent / len(body))
        seen.set()
        decodes(init + segment)
        uploading.join()
        client.delete(f"/api/assets/{asset}").raise_for_status()
    return waited, share


def run() -> Result:
    rows, numbers = [], {}
    with tempfile.TemporaryDirectory() as name, running(Stack(home=Path(name) / "home", port=free_port())) as stack:
        clip = made(Path(name), seconds=_SECONDS)
        for kind, options in _FORMATS.items():
            source = Path(name) / f"clip.{kind}"
            command = [ffmpeg_path(), "-nostdin", "-loglevel", "error", "-i", str(clip), "-c", "copy", *options]
            subprocess.run([*command, str(source)], check=True)
            for line in _LINES:
                found = [_once(stack, source, line) for _ in range(ROUNDS)]
                waits = sorted(waited for waited, _ in found)
                sent = max(share for _, share in found)
                rows.append(
                    (kind, f"{line}×", f"{statistics.median(waits):.2f} s", f"{waits[-1]:.2f} s", f"{sent:.0%}")
                )
                numbers[f"{kind}, {line}×"] = [round(wait, 3) for wait in waits]
    return Result(
        name="First byte to first segment",
        question=f"A clip of {_SECONDS} s at 720p is sent at one, two and four times the speed at which it plays, and "
        f"watched meanwhile as a player does; its first segment decodes. {ROUNDS} uploads each.",
        columns=("source", "line", "median", "slowest", "sent by then"),
        rows=tuple(rows),
        verdict="Target: ≤ 3 s. At the speed of play the first segment alone takes 2 s to arrive, and the 17 pictures "
        "after which it is known for good 0.7 s more. PeerTube and MediaCMS begin when the last byte is there.",
        numbers=numbers,
    )
