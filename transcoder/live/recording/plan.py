"""The plan of a recording: an ordinary plan on the event's grid, every segment of which is there already. Pure."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from manifests import layout
from manifests.layout import RenditionId
from transcoder.clip_plan import clip_of_frames, renamed
from transcoder.live.grid import PICTURE_TRACK, SOUND_TRACK
from transcoder.plan import AAC_FRAME, AudioPlan, Plan, Recorded, SourceRef, VideoPlan

if TYPE_CHECKING:
    from manifests.layout import AssetId
    from transcoder.live.recording.model import Stretch
    from transcoder.plan import Protection
    from transcoder.profile import Profile
    from transcoder.sources.pieces import SourceBytes

_DEMUXER: Final = "mov"
_LANGUAGE: Final = "und"
_NAME: Final = "Sound"


def recorded_profile(profile: Profile) -> Profile:
    """What a recording is made by: nothing that asks for an encoder, for it is to be as it was live."""
    return replace(profile, per_title=False, loudness=None, captions=False, surround=False)


def recorded_plan(
    stretch: Stretch, source: SourceBytes, *, asset: AssetId, version: int, protection: Protection | None = None
) -> Plan:
    """The plan of a stretch, segment for segment; `source` are its pieces."""
    event = stretch.event
    return Plan(
        asset=asset, version=version, video=_video(stretch, version), audio=(_sound(stretch, version),),
        protection=protection,
        source=SourceRef(key=layout.source(asset, version), size=source.arrived, demuxer=_DEMUXER),
        recorded=Recorded(
            channel=event.channel, event=event.number, first=stretch.segments.start, sound=event.sound.id,
            inits=dict(stretch.inits),
        ),
    )  # fmt: skip


def recorded_frames(whole: Plan, frames: range) -> Plan:
    """The plan of frames [first, stop) of a recording: a clip over the same source that is nobody's child.

    Raises ValueError without frames.
    """
    cut = clip_of_frames(whole, frames, asset=whole.asset, version=whole.version)
    return replace(cut, parent=None)


def _video(stretch: Stretch, version: int) -> VideoPlan:
    grid, track, top = stretch.event.grid, stretch.event.grid.video(), stretch.top
    return VideoPlan(
        stream=PICTURE_TRACK - 1,
        rate=Fraction(grid.rate),
        frames=stretch.frames,
        gop=grid.gop,
        segment=grid.parts * grid.part,
        time_base=Fraction(1, track.timescale),
        origin=stretch.segments.start * track.segment,
        starts=tuple(number * track.segment for number in stretch.segments),
        constant=True,
        interlaced=False,
        hdr=None,
        rotation=0,
        mirrored=False,
        width=top.width,
        height=top.height,
        rungs=tuple(replace(rung, id=renamed(rung.id, version)) for rung in stretch.event.rungs),
    )


def _sound(stretch: Stretch, version: int) -> AudioPlan:
    event = stretch.event
    track, sound = event.grid.audio(), event.sound
    units = track.segment // AAC_FRAME
    return AudioPlan(
        id=RenditionId(f"a1-{version}"),
        stream=SOUND_TRACK - 1,
        time_base=Fraction(1, track.timescale),
        origin=stretch.segments.start * track.segment,
        sample_rate=sound.sample_rate,
        channels=sound.channels,
        samples=stretch.units * AAC_FRAME,
        cuts=(*range(0, (len(stretch.segments) - 1) * units + 1, units), stretch.units),
        bitrate=sound.bitrate,
        codecs=sound.codecs,
        language=_LANGUAGE,
        name=_NAME,
        default=True,
        automatic=True,
        source_rate=sound.sample_rate,
        start=stretch.segments.start * track.segment,
    )
