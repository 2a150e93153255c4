"""The states of a channel as an MPD for players that stay close to the live edge.

Its segments have one length and are asked for by the clock, each while it grows: a part is on the screen before an MPD
could have told of it. So all of it stays the same from one change of the init section, or one gap, to the next.

Its timeline is the time at which pictures came in, so latency needs no other reference. A ProducerReferenceTime would
say the same once more, and Shaka Player 5.2 would take it for 1970 (it does not subtract @presentationTimeOffset).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from manifests.dash.live_mpd import clock_at
from manifests.dash.low_latency import Resync, ServiceDescription
from manifests.dash.steady_template import SteadyTemplate
from manifests.errors import LiveError
from manifests.live.dash import MEDIA, described, runs_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.dash.live_mpd import LiveMpd
    from manifests.live.dash import Track
    from manifests.live.state import LiveSegment

_LEAST, _TARGET, _MOST = 3, 5, 12
"""Parts from the encoder to the screen. The first one of them passes before anybody can have it."""
_SLOWEST: Final = Fraction(95, 100)
_FASTEST: Final = Fraction(110, 100)


def mpd(tracks: Sequence[Track], *, clock_url: str) -> LiveMpd:
    """`clock_url`: where the time can be asked for. Raises LiveError where there is nothing yet of a track."""
    # A run that not all tracks have is about to begin: the one before goes on with the same URLs.
    ready = [_with_resync(track) for track in tracks]
    runs = {run: members for run, members in runs_of(ready, growing=True).items() if len(members) == len(ready)}
    if not runs:
        raise LiveError("there is nothing yet")
    part = max(Fraction(track.state.pace.part, track.state.pace.timescale) for track in ready)
    found = described(ready, runs, _template, clock=clock_at(clock_url), delay=_TARGET * part, min_buffer=part)
    service = ServiceDescription(
        least_ms=int(1000 * _LEAST * part), target_ms=int(1000 * _TARGET * part), most_ms=int(1000 * _MOST * part),
        slowest=_SLOWEST, fastest=_FASTEST,
    )  # fmt: skip
    return replace(found, service=service)


def _with_resync(track: Track) -> Track:
    """Every sound can be decoded alone; of pictures only those with which a segment begins for sure."""
    kind = 1 if track.group.content_type == "audio" else 0
    return replace(track, group=replace(track.group, resync=Resync(kind=kind, interval=track.state.pace.part)))


def _template(run: int, track: Track, segments: Sequence[LiveSegment]) -> SteadyTemplate:
    pace, full = track.state.pace, track.state.pace.parts * track.state.pace.part
    return SteadyTemplate(
        media=MEDIA,
        initialization=f"{track.representation.id}/{segments[0].init}",
        timescale=pace.timescale,
        number=run,
        offset=run * full,
        duration=full,
        early=Fraction(full - pace.part, pace.timescale),
    )
