"""The picture's filter graph: source pictures onto the grid, upright, square, SDR, in every rung's size.

Which picture a grid frame shows is decided by two filters with integer timestamps, the same in every window: `settb`
rounds a picture's time to the nearest grid frame, `fps` shows the last picture at or before each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from transcoder.plan import Colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcoder.plan import VideoPlan, VideoRung

_SCALER: Final = "bicubic"
_EXACT: Final = "bicubic+accurate_rnd+full_chroma_int"
_TRANSFERS: Final = {"pq": "smpte2084", "hlg": "arib-std-b67"}

_WHITE: Final = 203
"""cd/m² of a sheet of white paper in HDR, which is white in SDR, too (ITU-R BT.2408 §2.1)."""
_BRIGHTEST: Final = {"pq": 10_000, "hlg": 1_000}
"""cd/m² of the largest code value: by definition, and of HLG's nominal display (ITU-R BT.2100). What a file says of its
brightest picture is not asked: it is often wrong, and may differ from window to window."""
_KNEE: Final = 0.5
"""Below this part of white nothing is changed; the light above is bent so that the brightest still fits in. White paper
comes out at 88 % of the signal, as by ITU-R BT.2390's curve; the range above it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Frames [first, first + count) of the source's grid, made from pictures that are read from `lead` frames before
    on."""

    first: int
    count: int
    lead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How decoded pictures are to be read. `hdr`: "pq", "hlg" or None. They are upright once they are flipped left to
    right (if `mirrored`) and then turned `rotation` degrees clockwise (0, 90, 180, 270)."""

    colour: Colour = field(default_factory=Colour)
    hdr: str | None = None
    rotation: int = 0
    mirrored: bool = False


def nearest_frame(video: VideoPlan, stamp: int) -> int:
    """The frame of the source's grid nearest to a source timestamp; halves go away from zero, as ffmpeg rounds."""
    position = (stamp - video.origin) * video.time_base * video.rate
    return int(position + Fraction(1, 2)) if position >= 0 else -int(-position + Fraction(1, 2))


def rung_pictures(stream: Any, video: VideoPlan, cut: Cut, rungs: Sequence[VideoRung]) -> list[Any]:
    """One stream a rung, in their order. Timestamps are frames of the source's grid (time base 1/rate)."""
    pictures = _sdr(_on_grid(stream, video, cut), video, rungs)
    # A cascade: each rung is scaled from the next larger one, decoded and converted once.
    order = sorted(rungs, key=lambda rung: (rung.width * rung.height, -rung.divisor), reverse=True)
    made: dict[str, Any] = {}
    for index, rung in enumerate(order):
        if index:
            pictures = pictures.filter("scale", rung.width, rung.height, flags=_SCALER)
        if index + 1 < len(order):
            both = pictures.split()
            own, pictures = both[0], both[1]
        else:
            own = pictures
        if rung.divisor > 1:
            rate = video.rate / rung.divisor
            if cut.first % rung.divisor == 0:
                # It takes frames 0, d, 2d …; fps then gives them their longer duration.
                own = own.filter("framestep", rung.divisor)
            else:
                # A clip begins between two frames of this rung: its first picture stands in for the one before. What of
                # that lies before the clip is cut off the finished sample (retiming.py).
                kept = f"eq(n,0)+not(mod(n+{cut.first},{rung.divisor}))"
                own = own.filter("select", kept).filter("setpts", f"floor(PTS/{rung.divisor})*{rung.divisor}")
            own = own.filter("fps", str(rate), round="near")
        made[rung.id] = own
    return [made[rung.id] for rung in rungs]


def _on_grid(stream: Any, video: VideoPlan, cut: Cut) -> Any:
    """Exactly `cut.count` frames: the first picture stands in for what is missing before it, the last for the rest."""
    tick = 1 / video.rate
    stream = stream.filter("settb", str(video.time_base)).filter("setpts", f"PTS-({video.origin})")
    if video.interlaced:
        # One picture a field, on twice the time base: the grid has the field rate (Apple 1.14).
        stream = stream.filter("bwdif", mode="send_field", parity="auto", deint="all")
    return (
        stream.filter("settb", str(tick))
        .filter("setpts", f"PTS-({cut.first - cut.lead})")
        .filter("fps", str(video.rate), start_time=0, round="near")
        .filter("tpad", stop=-1, stop_mode="clone")
        .filter("trim", start_pts=cut.lead, end_pts=cut.lead + cut.count)
        .filter("setpts", f"PTS+({cut.first - cut.lead})")
    )


def _sdr(stream: Any, video: VideoPlan, rungs: Sequence[VideoRung]) -> Any:
    """Upright pictures in the largest rung's size."""
    largest = max(rungs, key=lambda rung: rung.width * rung.height)
    look = Look(colour=video.colour, hdr=video.hdr, rotation=video.rotation, mirrored=video.mirrored)
    return sdr(stream, look, largest.width, largest.height)


def sdr(stream: Any, look: Look, width: int, height: int) -> Any:
    """Upright pictures of this size: 8 bits, 4:2:0, limited range, BT.709, square pixels, progressive."""
    # Scaled first: the rest is the costlier part.
    lying = look.rotation in (90, 270)
    stream = _coloured(stream, look, *((height, width) if lying else (width, height))).filter("format", "yuv420p")
    if look.mirrored:
        stream = stream.filter("hflip")
    if look.rotation == 180:
        stream = stream.filter("hflip").filter("vflip")
    elif look.rotation:
        stream = stream.filter("transpose", "clock" if look.rotation == 90 else "cclock")
    tags = {"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709", "range": "tv"}
    stream = stream.filter("setsar", 1).filter("setparams", field_mode="prog", **tags)
    # What the source says of its pictures (display matrix, mastering display, light levels) no longer holds for ours;
    # the muxer would write it into the init section, and players would turn the pictures a second time.
    return stream.filter("sidedata", mode="delete")


def _coloured(stream: Any, look: Look, width: int, height: int) -> Any:
    """Pictures of this size in BT.709, limited range."""
    colour = look.colour
    if colour.matrix == "rgb" and look.hdr is None:
        # Converted by the scaler, which knows every order of the components; exactly, or all is 2 codes too dark.
        return stream.filter("scale", width, height, flags=_EXACT, out_color_matrix="bt709", out_range="tv")
    stream = stream.filter("scale", width, height, flags=_SCALER)
    says: dict[str, Any] = {"rangein": "full" if colour.full_range else "limited"}
    if colour.matrix != "rgb":
        says["matrixin"] = colour.matrix
    becomes: dict[str, Any] = {"matrix": "709", "range": "limited"}
    if look.hdr is not None:
        return (
            stream.filter("zscale", transfer="linear", npl=_WHITE, transferin=_TRANSFERS[look.hdr],
                          primariesin="2020", **says)
            .filter("format", "gbrpf32le")
            .filter("zscale", primaries="709")
            .filter("tonemap", "mobius", param=_KNEE, peak=_BRIGHTEST[look.hdr] / _WHITE, desat=0)
            .filter("zscale", transfer="709", **becomes)
        )  # fmt: skip
    if colour.wide:
        says |= {"primariesin": "2020", "transferin": "709"}
        becomes |= {"primaries": "709", "transfer": "709"}
    elif colour == Colour():
        return stream
    return stream.filter("format", "yuv420p|yuv420p10le").filter("zscale", **says, **becomes)
