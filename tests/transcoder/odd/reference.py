"""What a file looks and sounds like to somebody else: decoded in one go by PyAV, its colours worked out in numpy.

Nothing here comes from the transcoder. Pictures are thumbnails in gamma-coded RGB as an SDR display takes it (BT.709,
0 to 1); sound is at 48 kHz.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import av
import av.error
import numpy as np
from av.audio.resampler import AudioResampler
from av.video.reformatter import ColorRange, Interpolation
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Array: TypeAlias = NDArray[np.float64]

SIZE: Final = 48
RATE: Final = 48_000
_LUMA: Final = {"601": (0.299, 0.114), "709": (0.2126, 0.0722), "2020": (0.2627, 0.0593)}
_TO_709: Final = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
"""BT.2020 primaries to BT.709, linear light (ITU-R BT.2407 §2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """`times` of all pictures in seconds on the file's own clock, rising; `thumbnails` of those that were asked for, by
    their place; `tags`: matrix, primaries, transfer (ITU-T H.273), range, sample aspect ratio of the first."""

    times: Array
    thumbnails: dict[int, Array]
    size: tuple[int, int]
    tags: tuple[int, int, int, int, str]


def open_media(source: Path | bytes) -> Any:
    return av.open(io.BytesIO(source) if isinstance(source, bytes) else str(source), metadata_errors="replace")


def pictures(
    source: Path | bytes, stream: int, colour: str, *, spans: Sequence[tuple[float, float]] = ((0, math.inf),)
) -> Pictures:
    """All pictures of a stream; thumbnails of those in one of two `spans` (seconds behind the first picture). What
    lies between the two is not decoded if it is long.

    `colour`: the matrix (601, 709, 2020), with "full" if the range is; or pq, hlg, rgb.
    """
    found: list[tuple[float, Array | None]] = []
    size, tags, zero = (0, 0), (0, 0, 0, 0, ""), 0.0
    with open_media(source) as container:
        track = container.streams[stream]
        track.thread_type = "AUTO"
        rate = float(track.guessed_rate or 25)
        for place, frame in enumerate(_frames(container, track)):
            time = place / rate if frame.time is None else frame.time  # a stream without stamps has its rate alone
            if not found:
                size = (frame.width, frame.height)
                ratio = str(track.sample_aspect_ratio)
                tags = (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range, ratio)
                zero = time
            wanted = any(begin <= time - zero <= end for begin, end in spans)
            found.append((time, thumbnail(frame, colour) if wanted else None))
            if spans[0][1] < time - zero < spans[-1][0] - 20:
                container.seek(int((zero + spans[-1][0]) / track.time_base), stream=track)
    found.sort(key=lambda item: item[0])
    return Pictures(
        times=np.array([time for time, _ in found]),
        thumbnails={place: small for place, (_, small) in enumerate(found) if small is not None},
        size=size,
        tags=(int(tags[0]), int(tags[1]), int(tags[2]), int(tags[3]), tags[4]),
    )


def _frames(container: Any, track: Any) -> Iterator[Any]:
    for packet in container.demux(track):
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            continue


def thumbnail(frame: Any, colour: str) -> Array:
    if colour == "rgb":
        return np.asarray(_scaled(frame, "rgb48le").to_ndarray() / 65535)
    planes = _scaled(frame, "yuv444p16le").planes
    code = np.stack([np.frombuffer(plane, np.uint16).reshape(SIZE, -1)[:, :SIZE] for plane in planes], axis=-1)
    if colour.endswith("full"):
        light, blue_less, red_less = np.moveaxis(code / 65535 - (0, 0.5, 0.5), -1, 0)
    else:
        light, blue_less, red_less = np.moveaxis((code / 256 - (16, 128, 128)) / (219, 224, 224), -1, 0)
    matrix = "2020" if colour in ("pq", "hlg") else colour.removesuffix("full")
    red, blue = _LUMA[matrix]
    r, b = light + 2 * (1 - red) * red_less, light + 2 * (1 - blue) * blue_less
    g = (light - red * r - blue * b) / (1 - red - blue)
    rgb = np.clip(np.stack((r, g, b), axis=-1), 0, 1)
    if matrix != "2020":
        return np.asarray(rgb)
    return sdr(rgb, colour) if colour != "2020" else np.asarray(np.clip(rgb**2.4 @ _TO_709.T, 0, 1) ** (1 / 2.4))


def _scaled(frame: Any, pixels: str) -> Any:
    same = ColorRange.JPEG if frame.color_range == ColorRange.JPEG else ColorRange.MPEG
    return frame.reformat(
        SIZE, SIZE, pixels, interpolation=Interpolation.AREA, src_color_range=same, dst_color_range=same
    )


def sdr(signal: Array, transfer: str) -> Array:
    """HDR to SDR by the book, another way than the transcoder's: to light (BT.2100), each component through the EETF of
    BT.2390 §5.4 for a display whose white is HDR's reference white (203 cd/m², BT.2408), to BT.1886."""
    nits = pq_light(signal) if transfer == "pq" else hlg_light(signal)
    white = float(pq_signal(np.array(1000.0 if transfer == "hlg" else 4000.0)))
    linear = np.clip(pq_light(eetf(pq_signal(nits), white=white)) @ _TO_709.T / 203, 0, 1)
    return np.asarray(linear ** (1 / 2.4))


def pq_light(signal: Array) -> Array:
    power = np.clip(signal, 0, 1) ** (1 / 78.84375)
    light = np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)
    return np.asarray(10_000 * light ** (1 / 0.1593017578125))


def pq_signal(nits: Array) -> Array:
    power = (np.maximum(nits, 0) / 10_000) ** 0.1593017578125
    return np.asarray(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def hlg_light(signal: Array) -> Array:
    """Of a display of 1,000 cd/m²: system gamma 1.2 (BT.2100 table 5)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593])
    return np.asarray(1000 * np.maximum(luminance, 1e-9)[..., None] ** 0.2 * scene)


def eetf(signal: Array, *, white: float) -> Array:
    top = float(pq_signal(np.array(203.0))) / white
    knee = 1.5 * top - 0.5
    level = np.clip(signal / white, 0, 1)
    t = (level - knee) / (1 - knee)
    curve = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * top
    return np.asarray(np.where(level < knee, level, curve) * white)


def luma(picture: Array) -> float:
    """Mean luma as an 8-bit code in limited range."""
    return float(16 + 219 * (picture @ np.array([0.2126, 0.7152, 0.0722])).mean())


def psnr(one: Array, other: Array) -> float:
    return float(10 * np.log10(1 / max(float(((one - other) ** 2).mean()), 1e-9)))


def sound(source: Path | bytes, stream: int, *, seconds: float = 4) -> tuple[float, Array]:
    """When the first sample is heard (seconds on the file's clock), and two channels of samples from there on."""
    with open_media(source) as container:
        track = container.streams[stream]
        resampler = AudioResampler(format="fltp", layout="stereo", rate=RATE)
        first: float | None = None
        heard = np.zeros((2, int((seconds + 2) * RATE)))
        place = 0
        for frame in _frames(container, track):
            if frame.pts is None:
                continue
            time = float(frame.pts * frame.time_base)
            first = time if first is None else first
            if time - first > seconds:
                break
            frame.pts = None
            for piece in resampler.resample(frame):
                due = round((time - first) * RATE)
                place = due if abs(due - place) > RATE // 10 else place  # sound is missing
                samples = piece.to_ndarray()[:, : heard.shape[1] - place]
                heard[:, place : place + samples.shape[1]] = samples
                place += samples.shape[1]
        return first or 0.0, heard[:, :place]


def level(samples: Array) -> float:
    """dBFS (RMS)."""
    return float(20 * np.log10(max(1e-6, float(np.sqrt((samples**2).mean()))))) if samples.size else -120.0


def lag(heard: Array, expected: Array, *, most: float = 0.2) -> float:
    """By how many seconds `heard` is late against `expected` (of one channel, both from the same instant on): where
    they are most alike; of two places that are as good, the one nearer to none."""
    reach = int(most * RATE)
    size = 1 << (max(len(heard), len(expected)) + reach).bit_length()
    alike = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(expected, size)), size)
    around = np.concatenate((alike[-reach:], alike[: reach + 1]))
    good = np.flatnonzero(around >= 0.998 * around.max()) - reach
    return float(good[np.argmin(np.abs(good))]) / RATE
