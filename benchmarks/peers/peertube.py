"""PeerTube's way: one ffmpeg a rendition, one after the other, the largest first; published when the largest is there.

As in `packages/ffmpeg/src/ffmpeg-vod.ts` and `transcoding/shared/job-builders` (one job at a time is its default):
every rendition is decoded from the source again, into one fragmented MP4 with byte ranges. Its own encoder defaults are
replaced by ours, its one thread a job by the cores; the sound is made once (`split_audio_and_video`), not in each.
"""

from __future__ import annotations

from benchmarks.peers.files import pictures_of, size_of
from benchmarks.peers.job import Job, Outcome
from benchmarks.peers.settings import aac, ffmpeg, hls, rung_rate, x264
from benchmarks.peers.stopwatch import Stopwatch


def _playlist(job: Job, name: str) -> list[str]:
    media = str(job.folder / f"{name}.mp4")
    packed = hls("-hls_playlist_type", "vod", "-hls_flags", "single_file", "-hls_segment_filename", media)
    return [*packed, str(job.folder / f"{name}.m3u8")]


def peertube(job: Job) -> Outcome:
    watch = Stopwatch()
    source = ("-i", str(job.source))
    if job.plan.audio:
        watch.run(ffmpeg(*source, "-map", "0:a:0", *aac(job.plan), *_playlist(job, "audio")))
    for rung in job.rungs:
        picture = ("-map", "0:v:0", "-vf", f"scale={rung.width}:{rung.height}", "-pix_fmt", "yuv420p")
        rate = ("-r", str(rung_rate(job, rung)))
        watch.run(ffmpeg(*source, *picture, *rate, *x264(job, rung), *_playlist(job, str(rung.id))))
        watch.viewer_can_start()
    return Outcome(
        wall=watch.wall, cpu=watch.cpu, playable=watch.playable or watch.wall, size=size_of(job.folder),
        pictures=pictures_of(job, [job.folder / f"{rung.id}.m3u8" for rung in job.rungs]),
    )  # fmt: skip
