"""All peers over the same clips, in turns: every round begins with another one, and medians are shown."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.clips import looped, made, planned
from benchmarks.peers.by_hand import by_hand
from benchmarks.peers.job import Job, Outcome, Peer
from benchmarks.peers.mediacms import mediacms
from benchmarks.peers.ours import ours
from benchmarks.peers.peertube import peertube
from benchmarks.peers.quality import vmaf, wrong_frames
from benchmarks.peers.shaka import shaka_streamer, shaka_streamer_as_it_is
from benchmarks.report import Result
from infra.local.preflight import free_port
from tests.e2e.stack import Stack, running
from transcoder.encoder_settings import EncoderSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDS: Final = 3
BY_HAND: Final = "one command by hand"
_CLIPS: Final = (("wave_croatia_1080p25_aac.mp4", 7), ("flutter_butterfly_720p30_aac.mp4", 3))
_QUICK_S: Final = 6
_SAME_WORK: Final = {"default": 'per_title = false\nloudness = "source"\n'}
"""The others look into no title to choose its rungs, and leave its sound as loud as it is."""


@dataclass
class _Runs:
    """What one peer did with one clip."""

    outcomes: list[Outcome] = field(default_factory=list)
    wrong: dict[str, int] = field(default_factory=dict)
    quality: float | None = None

    def median(self, name: str) -> float:
        return statistics.median(getattr(outcome, name) for outcome in self.outcomes)


def peers(stack: Stack) -> tuple[Peer, ...]:
    return (
        Peer(name="ours", make=partial(ours, stack)),
        Peer(name=BY_HAND, make=by_hand),
        Peer(name="PeerTube's way", make=peertube),
        Peer(name="MediaCMS's way", make=mediacms),
        Peer(name="Shaka Streamer, these settings", make=shaka_streamer),
        Peer(name="Shaka Streamer, its own settings", make=shaka_streamer_as_it_is, once=True),
    )


def _compete(clip: Path, folder: Path, ways: Sequence[Peer], *, repeat: int, judged: bool) -> dict[str, _Runs]:
    plan = planned(clip)
    runs = {peer.name: _Runs() for peer in ways}
    for number in range(repeat):
        turn = number % len(ways)
        for peer in (*ways[turn:], *ways[:turn]):
            if peer.once and number:
                continue
            print(f"  {clip.name}, round {number + 1}: {peer.name}", file=sys.stderr, flush=True)
            place = folder / "made"
            place.mkdir()
            job = Job(source=clip, folder=place, plan=plan, preset=EncoderSettings().preset)
            outcome = peer.make(job)
            seen = runs[peer.name]
            seen.outcomes.append(outcome)
            if not number:
                seen.wrong = {str(rung): more for rung, more in wrong_frames(job, outcome.pictures).items()}
                seen.quality = vmaf(job, outcome.pictures) if judged else None
            shutil.rmtree(place)
    return runs


def _row(clip: str, name: str, runs: dict[str, _Runs]) -> tuple[str, ...]:
    seen, wall = runs[name], runs[BY_HAND].median("wall")
    return (
        clip, name, f"{seen.median('wall'):.1f} s", f"{seen.median('wall') / wall:.2f}", f"{seen.median('cpu'):.1f} s",
        f"{seen.median('playable'):.2f} s", f"{seen.median('size') / 1e6:.1f} MB",
        "–" if seen.quality is None else f"{seen.quality:.1f}",
        ", ".join(f"{rung} {more:+d}" for rung, more in seen.wrong.items()) or "exact",
    )  # fmt: skip


def _numbers(runs: dict[str, _Runs]) -> dict[str, Any]:
    return {
        name: {
            **{
                what: [round(getattr(outcome, what), 3) for outcome in seen.outcomes]
                for what in ("wall", "cpu", "playable", "size")
            },
            "vmaf": seen.quality,
            "frames": seen.wrong,
        }
        for name, seen in runs.items()
    }


def run(*, repeat: int = ROUNDS, quick: bool = False) -> Result:
    """`quick`: one round over some seconds that ffmpeg draws, without VMAF."""
    rows, numbers = [], {}
    with tempfile.TemporaryDirectory(prefix="peers-") as name:
        folder = Path(name)
        clips = (
            [made(folder, seconds=_QUICK_S, size="640x360")]
            if quick
            else [looped(clip, folder, times=n) for clip, n in _CLIPS]
        )
        with running(Stack(home=folder / "home", port=free_port(), profiles=_SAME_WORK)) as stack:
            for clip in clips:
                runs = _compete(clip, folder, peers(stack), repeat=1 if quick else repeat, judged=not quick)
                rows += [_row(clip.stem, name, runs) for name in runs]
                numbers[clip.stem] = _numbers(runs)
    return Result(
        name="One ladder, five ways",
        question="The same source, sizes, frame grid, x264 and AAC settings, threads and ffmpeg for all, in one run "
        f"and in turns (median of {1 if quick else repeat}; the last row of a clip once). Ours is the whole service: "
        "upload, API, queue, worker, object store, until the asset is ready (with the ladder that all titles get). CPU "
        "is that of all processes. VMAF is the largest rung's.",
        columns=(
            "clip",
            "made by",
            "all done after",
            "by hand = 1",
            "CPU",
            "playable after",
            "bytes",
            "VMAF",
            "frames",
        ),
        rows=tuple(rows),
        verdict="Target: ours ≤ 1.05 of one command by hand, and faster than each of the others. Playable: a viewer "
        "has a playlist and can decode what it lists; for PeerTube's way the largest rendition and the sound are done, "
        "for MediaCMS's the first MP4 (the smallest) is. Not equal, by what they are: PeerTube's way encodes the sound "
        "once here (its default is in each rendition); MediaCMS's has the sound in each profile, and packages once "
        "here (its own does so after each profile); Shaka Streamer's own settings are x264 `slow` with average bit "
        "rates (ours without the headroom of the caps) and a GOP of 4 s, and it looks only once a second whether it is "
        "done.",
        numbers=numbers,
    )
