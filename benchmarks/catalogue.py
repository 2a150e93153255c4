"""The benchmarks that `python -m benchmarks` runs."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from benchmarks.report import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """`module` of this package has `run() -> Result`. `minutes`: about how long it takes on two cores with nothing else
    to do. `quick`: its run takes `quick=True`, which looks in a minute or so whether it still runs."""

    module: str
    about: str
    minutes: float
    quick: bool = False

    def run(self, *, quick: bool = False) -> Result:
        module = importlib.import_module(f"benchmarks.{self.module}")
        result: Result = module.run(quick=True) if quick else module.run()
        return result


BENCHMARKS: Final = (
    Benchmark(module="first_segment", minutes=2, about="last byte of an upload to the first segment"),
    Benchmark(module="length", minutes=3, quick=True, about="the same for two hours beside half a minute"),
    Benchmark(module="growing", minutes=4, about="first byte of a slow upload to the first segment"),
    Benchmark(module="just_in_time", minutes=7, about="seeks into what is not encoded yet"),
    Benchmark(module="clip", minutes=2, quick=True, about="the call for a clip to its first segment"),
    Benchmark(module="fairness", minutes=4, quick=True, about="a short clip beside ten uploads of two hours"),
    Benchmark(module="progress", minutes=7, quick=True, about="percent and time left against what turned out"),
    Benchmark(module="scaling", minutes=4, quick=True, about="many workers: measured, and simulated to 64"),
    Benchmark(module="peers", minutes=24, quick=True, about="one ladder, five ways: speed and bytes against others"),
    Benchmark(module="per_title", minutes=10, about="per-title ladders against fixed ones by VMAF"),
    Benchmark(module="codecs", minutes=4, quick=True, about="HEVC and AV1 against H.264 by VMAF"),
    Benchmark(module="manifests", minutes=1, about="playlists a core answers, against nginx"),
    Benchmark(module="iframes", minutes=1, quick=True, about="key pictures and manifests of two hours"),
    Benchmark(module="loudness", minutes=1, quick=True, about="hearing the sound, beside encoding it"),
    Benchmark(module="encryption", minutes=3, about="AES-128: processor time, and waits for a segment"),
    Benchmark(module="live_latency", minutes=3, quick=True, about="camera to screen in a browser, beside nginx-rtmp"),
    Benchmark(module="live_dash", minutes=2, quick=True, about="the same with dash.js: by parts, by segments"),
    Benchmark(module="live_viewers", minutes=4, quick=True, about="viewers who wait for a part, woken by one core"),
    Benchmark(module="live_clips", minutes=5, quick=True, about="clips of running channels, and parts late by them"),
    Benchmark(module="live_feeds", minutes=4, quick=True, about="feeds until parts are late, against admission"),
    Benchmark(module="heartbeats", minutes=2, about="heartbeats a core takes, against Redis alone"),
)
