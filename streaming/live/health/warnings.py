"""What an editor should know of a publisher, in sentences. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from streaming.live.ingest.publisher import Way
from transcoder.live.restarts import MOST
from transcoder.live.selector import Source
from transcoder.live.timing.drift import FASTEST_PPM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streaming.live.health.report import PublisherHealth
    from streaming.live.ingest.turned_away import TurnedAway

LONGEST_KEY_S: Final = 4.0
"""Key pictures rarer than this make whoever takes over wait for one."""

_OFF_RATE: Final = 0.03
_HOLES: Final = 0.02
_HELD: Final = 1 << 20
_BEHIND_MS: Final = 3000
_WAYS: Final = {Way.RTMP: "RTMP", Way.SRT: "SRT", Way.GATEWAY: "the gateway"}
_SILENT_S: Final = {"rtmp": 2.0, "srt": 2.0, "http": 10.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lately:
    """The last seconds of a publisher: pictures that came, holes that were filled. `held`: bytes that wait for the
    encoder. `has_grid_rate`: he states the frame rate that the event has, so that a hole is one of his. `restarts`:
    encoders that died in the last minute and were followed by another. `lacks_picture`, `lacks_sound`: one of the two
    does not come any more, or has never come, though it was announced. `sounds`: tracks of sound in the stream.
    `captions`: they lie in its pictures."""

    frames: int
    filled: int
    held: int
    has_grid_rate: bool
    restarts: int
    lacks_picture: bool = False
    lacks_sound: bool = False
    sounds: int = 1
    captions: bool = False


def of_the_air(on_air: Source | None) -> Iterator[str]:
    """What is to be said of whose pictures viewers see."""
    if on_air is Source.SLATE:
        yield "Viewers see the slate: nobody sends a picture."
    elif on_air is Source.BACKUP:
        yield "The backup is on air, since the primary sends nothing: nobody would take over from it."


def of_the_bucket(trouble: str, *, waiting: int, lost_s: float) -> Iterator[str]:
    """What is to be said of the way into the bucket: `trouble` as the queue says it."""
    if trouble:
        yield f"{trouble} {waiting} objects wait; the recording lacks what is given up in the end."
    if lost_s:
        yield f"{lost_s:.0f} s of the event are lost: the bucket did not take them in time. The recording lacks them."


def of_the_door(turned_away: Sequence[TurnedAway]) -> Iterator[str]:
    """What is to be said of those who had the wrong key in the last minute, the latest last."""
    if not turned_away:
        return
    last, count = turned_away[-1], len(turned_away)
    what = "passphrase" if last.way is Way.SRT else "stream key"
    who = "A publisher was turned away" if count == 1 else f"Publishers were turned away {count} times"
    came = f"by {_WAYS.get(last.way, 'HTTP')}" + (f" from {last.address}" if last.address else "")
    meant = "" if last.channel else " Which channel was meant is not known."
    yield (
        f"{who} in the last minute for a wrong {what}, {'' if count == 1 else 'the last '}{came}.{meant} If that is "
        f"yours, copy the {what} once more, or make a new key."
    )


def warnings(health: PublisherHealth, lately: Lately, *, silent_s: float) -> Iterator[str]:
    """One sentence or two for each thing that is wrong. `silent_s`: seconds since a byte came."""
    who = f"{health.place.value.capitalize()}:"
    if silent_s > _SILENT_S[health.way]:
        yield f"{who} nothing has come for {silent_s:.0f} s."
        return
    if lately.restarts:
        times = "once" if lately.restarts == 1 else f"{lately.restarts} times"
        yield (
            f"{who} the server's encoder died {times} in the last minute, and another took its place at the next key "
            f"picture. After {MOST} times in a minute the publisher is put out."
        )
    interval = health.keyframe_interval_s
    if interval is not None and interval > LONGEST_KEY_S:
        yield (
            f"{who} key pictures come {interval:.1f} s apart. Set the encoder's keyframe interval to 2 s, or whoever "
            "comes back after an interruption is without a picture for that long."
        )
    stated, measured = health.frame_rate, health.measured_frame_rate
    off_rate = stated is not None and measured is not None and abs(measured - stated) > _OFF_RATE * stated
    if off_rate:
        yield (
            f"{who} the encoder states {stated:.4g} pictures a second and sends {measured:.4g}. It may lack the power, "
            "or the network drops pictures."
        )
    elif lately.has_grid_rate and lately.filled > _HOLES * (lately.frames + lately.filled):
        yield f"{who} {lately.filled} pictures are missing in the last seconds. The one before is shown in their place."
    if lately.held > _HELD:
        rate = "" if health.bitrate_bps is None else f" {health.bitrate_bps / 1e6:.1f} Mb/s"
        yield (
            f"{who} the stream comes faster than it can be taken in, {lately.held / 1e6:.1f} MB wait. Lower the bit "
            f"rate, now{rate}, or the size of the picture."
        )
    if health.behind_ms is not None and health.behind_ms > _BEHIND_MS and health.way != "http":
        yield f"{who} pictures reach viewers {health.behind_ms / 1000:.1f} s late. The server has too much to do."
    drift = health.clock_drift_ppm
    if drift is not None and abs(drift) > FASTEST_PPM:
        yield (
            f"{who} the encoder's clock runs {abs(drift)} ppm too {'fast' if drift > 0 else 'slow'}, and only "
            f"{FASTEST_PPM} are made up for: it comes off by {(abs(drift) - FASTEST_PPM) * 0.0036:.1f} s an hour. Use "
            "another clock source, or another encoder."
        )
    if health.video_codec is not None and health.audio_codec is None:
        yield f"{who} there is no sound in the stream. Viewers hear silence."
    elif lately.lacks_sound:
        yield f"{who} no sound comes, though the stream announces it. Viewers hear silence."
    if lately.sounds > 1:
        yield f"{who} the stream has {lately.sounds} tracks of sound. Viewers hear only the first of its programme."
    if lately.captions:
        yield f"{who} captions lie in the pictures (CEA-608 or -708). They are not passed on to viewers."
    if lately.lacks_picture:
        yield f"{who} no picture comes, only sound. Look at the camera, its cable and the encoder's input."
