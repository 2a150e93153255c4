"""Time from the first byte of a slow upload to the first decodable segment, through the running stack."""

from __future__ import annotations

import asyncio
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
from manifests.layout import AssetId
from tests.e2e.stack import Stack, running
from tests.transcoder.growing.feeding import grown
from transcoder.ffmpeg import ffmpeg_path
from transcoder.growing.openings import Opening, opening
from transcoder.index import index_source
from transcoder.plan import SourceRef
from transcoder.planner import make_plan
from transcoder.profile import DEFAULT
from transcoder.reads import source_reads
from transcoder.sniff import HEAD, sniff

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 3
_SECONDS = 30
_STEP_S = 0.1
_LINES = (1, 2, 4)
"""How much faster than it plays a source is sent."""
_FORMATS = {
    "ts": (),
    "mkv": (),
    "fast.mp4": ("-movflags", "faststart"),
    "a picture a fragment.mp4": ("-movflags", "frag_every_frame+empty_moov"),
    # As ffmpeg does it, and who records with it; the key pictures of this clip are ten seconds apart.
    "a key picture a fragment.mp4": ("-movflags", "frag_keyframe+empty_moov"),
}
_ASSET = AssetId("bench")


def least(source: Path) -> int:
    """How many of its first bytes have to be there before a first segment can be made."""
    body = source.read_bytes()
    demuxer = sniff(body[:HEAD])
    reference = SourceRef(key="sources/bench/1", size=len(body), demuxer=demuxer)
    if opening(body, demuxer) is Opening.STREAM:
        return next(grown(body, asset=_ASSET, source=reference))[0]
    index = asyncio.run(index_source(source, demuxer=demuxer, length=len(body)))
    plan = make_plan(asset=_ASSET, version=1, source=reference, index=index, profile=DEFAULT.early())
    needs = source_reads(index, plan.video, plan.audio, behind=0)
    if needs is None:
        raise ValueError(f"{source.name} is no MP4 for fast start")
    return max(spans[0][1] for spans in (needs.video, *needs.audio.values()))


def _once(stack: Stack, source: Path, line: int) -> float:
    """Seconds from the first byte to the first segment."""
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
        waited = time.perf_counter() - begun
        seen.set()
        decodes(init + segment)
        uploading.join()
        client.delete(f"/api/assets/{asset}").raise_for_status()
    return waited


def run() -> Result:
    rows, numbers = [], {}
    with tempfile.TemporaryDirectory() as name, running(Stack(home=Path(name) / "home", port=free_port())) as stack:
        clip = made(Path(name), seconds=_SECONDS)
        for kind, options in _FORMATS.items():
            source = Path(name) / f"clip.{kind}"
            command = [ffmpeg_path(), "-nostdin", "-loglevel", "error", "-i", str(clip), "-c", "copy", *options]
            subprocess.run([*command, str(source)], check=True)
            must = least(source) / source.stat().st_size
            for line in _LINES:
                waits = sorted(_once(stack, source, line) for _ in range(ROUNDS))
                median, arriving = statistics.median(waits), must * _SECONDS / line
                rows.append(
                    (
                        kind.removesuffix(".mp4"), f"{line}×", f"{must:.1%}", f"{arriving:.2f} s", f"{median:.2f} s",
                        f"{waits[-1]:.2f} s", f"{median - arriving:.2f} s",
                    )
                )  # fmt: skip
                numbers[f"{kind}, {line}×"] = {"must_arrive_s": arriving, "waits": [round(wait, 3) for wait in waits]}
    return Result(
        name="First byte to first segment",
        question=f"A clip of {_SECONDS} s at 720p is sent at one, two and four times the speed at which it plays, and "
        f"watched meanwhile as a player does; its first segment decodes. {ROUNDS} uploads each.",
        columns=("source", "line", "must arrive", "which takes", "median", "slowest", "median behind it"),
        rows=tuple(rows),
        verdict="Target: ≤ 3 s. What must arrive is counted, not timed: the segment's 2 s, and what comes behind it "
        "until it is known for good. In a fragment the sound of all its seconds lies behind all its pictures, so "
        "nothing of it can be heard before its end. PeerTube and MediaCMS begin when the last byte is there.",
        numbers=numbers,
    )
