"""Two hours beside half a minute of the same clip: is the wait for the first segment independent of the length?

Two moments count: the first segment that decodes, and the whole timeline (a playlist with ENDLIST), from which a viewer
can seek anywhere. And how much of the source the worker has fetched by then.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from benchmarks.clips import light, repeated
from benchmarks.report import Result
from benchmarks.service import await_workers, decodes, delete, fetched, first_segment, first_variant, upload
from infra.local.preflight import free_port
from tests.e2e.stack import Stack, running

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDS: Final = 3
CLIP: Final = "flutter_butterfly_720p30_aac.mp4"
_RATE: Final = 250_000
_SHORT, _LONG, _QUICK = 4, 955, 40
"""Times that the clip of 7.54 s is repeated: 30 s, two hours, five minutes."""
_FORMATS: Final = {
    "MP4, index first": ("mp4", ("-movflags", "+faststart")),
    "MP4, index last": ("mp4", ()),
    "MKV": ("mkv", ()),
    "TS": ("ts", ()),
}
_LOOK_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """Seconds from the last byte to the first segment and to the whole timeline; bytes fetched by either."""

    first: float
    timeline: float
    fetched_first: int
    fetched_timeline: int


def _watched(stack: Stack, source: Path, metrics: int) -> _Seen:
    before = fetched(metrics)
    asset, begun = upload(stack, source)
    body = b"".join(first_segment(stack, asset))
    first, fetched_first = time.perf_counter() - begun, fetched(metrics) - before
    with httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as viewer:
        uri = first_variant(viewer.get(f"/v/{asset}/index.m3u8").raise_for_status().text)
        while "#EXT-X-ENDLIST" not in viewer.get(f"/v/{asset}/{uri}").raise_for_status().text:
            time.sleep(_LOOK_S)
    timeline, fetched_timeline = time.perf_counter() - begun, fetched(metrics) - before
    decodes(body)
    delete(stack, asset)
    return _Seen(first=first, timeline=timeline, fetched_first=fetched_first, fetched_timeline=fetched_timeline)


def _median(seen: Sequence[_Seen], name: str) -> float:
    values: list[float] = [getattr(each, name) for each in seen]
    return statistics.median(values)


def _row(kind: str, size: int, short: Sequence[_Seen], long: Sequence[_Seen]) -> tuple[str, ...]:
    waits = [(_median(short, name), _median(long, name)) for name in ("first", "timeline")]
    return (
        kind, f"{size / 1e6:.0f} MB",
        *(f"{few:.2f} → {many:.2f} s (× {many / few:.2f})" for few, many in waits),
        *(
            f"{_median(short, name) / 1e6:.1f} → {_median(long, name) / 1e6:.1f} MB"
            for name in ("fetched_first", "fetched_timeline")
        ),
    )  # fmt: skip


def run(*, quick: bool = False) -> Result:
    """`quick`: five minutes in place of two hours, once."""
    rows, numbers, metrics = [], {}, free_port()
    times, rounds = (_QUICK, 1) if quick else (_LONG, ROUNDS)
    environment = {"CHANNEL_WORKER_METRICS_PORT": str(metrics)}
    with tempfile.TemporaryDirectory(prefix="length-") as name:
        folder = Path(name)
        clip = light(CLIP, folder, rate=_RATE)
        with running(Stack(home=folder / "home", port=free_port(), environment=environment)) as stack:
            await_workers(stack, 1)
            for kind, (suffix, options) in _FORMATS.items():
                short = repeated(clip, folder / f"short.{suffix}", _SHORT, *options)
                long = repeated(clip, folder / f"long.{suffix}", times, *options)
                seen = [(_watched(stack, short, metrics), _watched(stack, long, metrics)) for _ in range(rounds)]
                rows.append(_row(kind, long.stat().st_size, [few for few, _ in seen], [many for _, many in seen]))
                numbers[kind] = [{"short": asdict(few), "long": asdict(many)} for few, many in seen]
    return Result(
        name="Independent of length",
        question=f"{CLIP} at {_RATE // 1000} kb/s, {_SHORT} times over (30 s) and {times} times "
        f"({times * 7.54 / 60:.0f} min), uploaded in turns and watched at once as a player does. From the last byte; "
        f"short → long, medians of {rounds}. Fetched: bytes of the source that the worker read from the object store "
        "by then, beginning with the upload's first byte.",
        columns=(
            "source", "size of the long one", "first segment that decodes", "whole timeline (ENDLIST)",
            "fetched by the first segment", "fetched by the whole timeline",
        ),
        rows=tuple(rows),
        verdict="Target: × 1. What plays while it arrives (all but the MP4 whose index is last) is there before its "
        "last byte; the time is then that of the answers alone. Without an index a source is scanned while it is "
        "uploaded, so all of it is fetched, once.",
        numbers=numbers,
    )  # fmt: skip
