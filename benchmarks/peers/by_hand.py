"""One ffmpeg command as an engineer would type it: one decode, a cascade of scales, every rung and the sound, HLS."""

from __future__ import annotations

from benchmarks.peers.files import lists_segment, pictures_of, size_of
from benchmarks.peers.job import Job, Outcome
from benchmarks.peers.settings import aac, ffmpeg, hls, rung_rate, x264
from benchmarks.peers.stopwatch import Stopwatch


def by_hand_argv(job: Job) -> list[str]:
    """The command. Its playlists grow with the encode (EVENT): a viewer can start before the end."""
    graph, pictures = [], "0:v:0"
    for index, rung in enumerate(job.rungs):
        last = index + 1 == len(job.rungs)
        rate = f"fps={rung_rate(job, rung)}"
        scaled = f"[{pictures}]scale={rung.width}:{rung.height},format=yuv420p"
        graph.append(f"{scaled},{rate}[v{index}]" if last else f"{scaled},split[s{index}][n{index}]")
        if not last:
            graph.append(f"[s{index}]{rate}[v{index}]")
        pictures = f"n{index}"
    sound = ["-map", "0:a:0", *aac(job.plan)] if job.plan.audio else []
    group = ",agroup:a" if sound else ""
    streams = [f"v:{index}{group}" for index in range(len(job.rungs))] + (["a:0,agroup:a"] if sound else [])
    return ffmpeg(
        "-i", str(job.source), "-filter_complex", ";".join(graph),
        *(word for index, rung in enumerate(job.rungs)
          for word in ("-map", f"[v{index}]", *x264(job, rung, f"v:{index}"))),
        *sound, *hls("-hls_playlist_type", "event"),
        "-var_stream_map", " ".join(streams), "-master_pl_name", "index.m3u8", str(job.folder / "%v" / "index.m3u8"),
    )  # fmt: skip


def by_hand(job: Job) -> Outcome:
    """Playable as soon as the multivariant playlist and a variant with a segment are there."""
    playlists = [job.folder / str(index) / "index.m3u8" for index in range(len(job.rungs))]
    watch = Stopwatch(lambda: (job.folder / "index.m3u8").exists() and any(map(lists_segment, playlists)))
    watch.run(by_hand_argv(job))
    return Outcome(
        wall=watch.wall, cpu=watch.cpu, playable=watch.playable or watch.wall, size=size_of(job.folder),
        pictures=pictures_of(job, playlists),
    )  # fmt: skip
