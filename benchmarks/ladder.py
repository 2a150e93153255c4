"""Wall time of the whole ladder, window by window, against one hand-written ffmpeg command with the same settings."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.clips import looped
from benchmarks.report import Result
from manifests.layout import AssetId
from transcoder.audio import encode_audio
from transcoder.encoder_settings import EncoderSettings
from transcoder.ffmpeg import ffmpeg_path
from transcoder.index import index_source
from transcoder.plan import SourceRef
from transcoder.planner import make_plan
from transcoder.sniff import sniff
from transcoder.video import encode_video
from transcoder.windows import windows

if TYPE_CHECKING:
    from manifests.layout import RenditionId
    from transcoder.plan import Plan, VideoRung

ROUNDS = 2
CLIPS = (("wave_croatia_1080p25_aac.mp4", 2), ("flutter_butterfly_720p30_aac.mp4", 3))


def _head(source: Path) -> bytes:
    with source.open("rb") as file:
        return file.read(65536)


async def _planned(source: Path) -> Plan:
    demuxer = sniff(await asyncio.to_thread(_head, source))
    index = await index_source(source, demuxer=demuxer)
    reference = SourceRef(key="sources/bench/1", size=0, demuxer=demuxer)
    return make_plan(asset=AssetId("bench"), version=1, source=reference, index=index)


async def _ours(source: Path, folder: Path) -> tuple[float, float, Plan]:
    """Wall time of all and of the first segment, index included, written into a folder."""
    begun = time.perf_counter()
    first = 0.0

    async def keep(rendition: RenditionId, number: int | None, body: bytes) -> None:
        nonlocal first
        path = folder / rendition / ("init.mp4" if number is None else f"{number}.m4s")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(body)
        if number is not None and not first:
            first = time.perf_counter() - begun

    plan = await _planned(source)
    for window in windows(plan):
        if window.track == "video":
            await encode_video(plan, window, source=source, sink=keep)
        else:
            track = next(track for track in plan.audio if track.id == window.track)
            await encode_audio(plan, track, window, source=source, sink=keep)
    return time.perf_counter() - begun, first, plan


def _rung(rung: VideoRung, index: int, plan: Plan, preset: str) -> list[str]:
    assert plan.video is not None
    gop = plan.video.gop // rung.divisor
    return [
        "-map", f"[v{index}]", f"-c:v:{index}", "libx264", f"-preset:v:{index}", preset,
        f"-profile:v:{index}", rung.profile, f"-crf:v:{index}", str(rung.crf), f"-maxrate:v:{index}", str(rung.maxrate),
        f"-bufsize:v:{index}", str(rung.bufsize), f"-g:v:{index}", str(gop), f"-keyint_min:v:{index}", str(gop),
        f"-sc_threshold:v:{index}", "0",
    ]  # fmt: skip


def _by_hand(plan: Plan, source: Path, folder: Path) -> list[str]:
    """What an engineer would type: one decode, a cascade of scales, HLS out."""
    assert plan.video is not None
    rungs = sorted(plan.video.rungs, key=lambda rung: rung.width * rung.height, reverse=True)
    graph, pictures = [], "0:v:0"
    for index, rung in enumerate(rungs):
        last = index + 1 == len(rungs)
        halved = f",framestep={rung.divisor}" if rung.divisor > 1 else ""
        graph.append(
            f"[{pictures}]scale={rung.width}:{rung.height},format=yuv420p"
            + (f"{halved}[v{index}]" if last else f",split[s{index}][n{index}];[s{index}]null{halved}[v{index}]")
        )
        pictures = f"n{index}"
    preset = EncoderSettings().preset
    groups = [f"v:{index},agroup:a" if plan.audio else f"v:{index}" for index in range(len(rungs))]
    sound = (
        ["-map", "0:a:0", "-c:a", "aac", "-b:a", str(plan.audio[0].bitrate), "-ac", "2", "-ar", "48000"]
        if plan.audio
        else []
    )
    return [
        ffmpeg_path(), "-nostdin", "-loglevel", "error", "-y", "-i", str(source), "-filter_complex", ";".join(graph),
        *(word for index, rung in enumerate(rungs) for word in _rung(rung, index, plan, preset)), *sound,
        "-f", "hls", "-hls_time", "4", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4",
        "-var_stream_map", " ".join([*groups, *(["a:0,agroup:a"] if plan.audio else [])]),
        "-master_pl_name", "index.m3u8", str(folder / "%v" / "index.m3u8"),
    ]  # fmt: skip


def run() -> Result:
    rows, ratios = [], {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for clip, times in CLIPS:
            source = looped(clip, folder, times=times)
            ours, firsts, theirs = [], [], []
            plan = asyncio.run(_planned(source))
            for number in range(ROUNDS):
                out = folder / f"ours-{clip}-{number}"
                out.mkdir()
                wall, first, plan = asyncio.run(_ours(source, out))
                ours.append(wall)
                firsts.append(first)
                out = folder / f"hand-{clip}-{number}"
                out.mkdir()
                begun = time.perf_counter()
                subprocess.run(_by_hand(plan, source, out), check=True)
                theirs.append(time.perf_counter() - begun)
            ratio = min(ours) / min(theirs)
            ratios[clip] = round(ratio, 3)
            assert plan.video is not None
            rows.append((
                f"{clip} × {times} ({float(plan.duration):.0f} s)", str(len(plan.video.rungs)), f"{min(ours):.1f} s",
                f"{min(theirs):.1f} s", f"{ratio:.2f}", f"{min(firsts):.2f} s",
            ))  # fmt: skip
    return Result(
        name="Whole ladder",
        question="Index, plan and encode every rung and the sound on this machine, window after window, against one "
        f"ffmpeg command typed by hand with the same encoder settings (best of {ROUNDS}, alternating).",
        columns=("clip", "rungs", "ours", "by hand", "ratio", "our first segment after"),
        rows=tuple(rows),
        verdict="Target: ≤ 1.05 (the windows' price is starting and seeking once a window).",
        numbers={"ratio": ratios},
    )
