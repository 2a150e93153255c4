"""Every way to watch a live event, as an MPD: the same segments as in HLS."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from manifests import media_types
from manifests.dash import AdaptationSet, Descriptor, Representation
from manifests.dash.descriptor import CHANNELS, role
from manifests.live import dash, low_latency
from manifests.live.dash import Track

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manifests.dash.live_mpd import LiveMpd
    from manifests.layout import RenditionId
    from manifests.live.state import LiveRendition
    from transcoder.live.event import LiveEvent


def live_mpd(event: LiveEvent, states: Mapping[RenditionId, LiveRendition], *, now_ms: int) -> LiveMpd:
    """Whole segments. URLs are relative to it: `{rendition}/{n}.m4s`. Raises LiveError where no segment is whole."""
    return dash.mpd(_tracks(event, states), now_ms=now_ms)


def low_latency_mpd(event: LiveEvent, states: Mapping[RenditionId, LiveRendition], *, clock_url: str) -> LiveMpd:
    """Segments that are asked for while they grow. Raises LiveError where there is nothing yet of a rendition."""
    return low_latency.mpd(_tracks(event, states), clock_url=clock_url)


def _tracks(event: LiveEvent, states: Mapping[RenditionId, LiveRendition]) -> list[Track]:
    pictures = AdaptationSet(
        id=1, content_type="video", mime_type=media_types.VIDEO_INIT, roles=(role("main"),), representations=()
    )
    sound = AdaptationSet(
        id=2, content_type="audio", mime_type=media_types.AUDIO_INIT, roles=(role("main"),),
        channels=Descriptor(scheme=CHANNELS, value=str(event.sound.channels)), representations=(),
    )  # fmt: skip
    tracks = [
        Track(
            group=pictures,
            representation=Representation(
                id=rung.id, bandwidth=rung.bandwidth, codecs=rung.codecs, width=rung.width, height=rung.height,
                frame_rate=Fraction(event.grid.rate, rung.divisor),
            ),
            state=states[rung.id],
        )
        for rung in sorted(event.rungs, key=lambda rung: rung.bandwidth) if rung.id in states
    ]  # fmt: skip
    if event.sound.id in states:
        heard = Representation(
            id=event.sound.id, bandwidth=event.sound.bandwidth, codecs=event.sound.codecs,
            sampling_rate=event.sound.sample_rate,
        )  # fmt: skip
        tracks.append(Track(group=sound, representation=heard, state=states[event.sound.id]))
    return tracks
