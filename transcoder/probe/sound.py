"""Which sample of a sound track a packet begins with, counted from the first that is decoded.

Stamps tell it only roughly where a container counts in milliseconds, and decoding everything before a place is slow.
So the samples that each packet gives are counted without decoding, and every few seconds one packet is noted with its
place: an encoder may begin there and is where it would be had it decoded all. Counting stops for good at the first
packet that is not as its codec says.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from transcoder.probe.packets import Packets, packets_of

STEP = 10
"""Seconds between two entries."""

GAP = Fraction(1, 10)
"""Seconds by which stamps may run away from the count. Beyond, sound is missing (or there twice): ffmpeg's own measure
(`min_hard_comp` of its resampler), which the encoder follows too."""

_HEADERLESS = frozenset(("mp3", "aac", "ac3", "eac3"))
"""Demuxers of bare frames: they begin anywhere, and have no clock but what they have read."""

_APART = 4  # ticks by which the stamp of an entry must differ from its neighbour's, to be told by it


def rescale(stamp: int, time_base: Fraction, rate: int) -> int:
    """A stamp in samples, as av_rescale_q rounds: to the nearest, halves away from zero."""
    exact = abs(stamp) * time_base * rate
    nearest = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    return nearest if stamp >= 0 else -nearest


class Count:
    """Counts one stream. `entries`: (stamp in the stream's time base, sample on the source's clock, position).

    The place of a sample is what ffmpeg would give it when it decodes the file from its beginning and fills gaps with
    silence. Position: where the packet begins in the file, for formats that are read from any byte on; else -1.
    """

    def __init__(self, stream: Any) -> None:
        self.entries: list[tuple[int, int, int]] = []
        self._stream = stream
        self._by_position = stream.container.format.name in _HEADERLESS
        self._time_base: Fraction = stream.time_base
        self._packets: Packets | None = None
        self._rate = 0
        self._place: int | None = None  # of the next packet's first sample
        self._last = 0
        self._next = 0
        self._stopped = False

    def take(self, packet: Any, frames: list[Any]) -> None:
        """The next packet in decoding order, which has a stamp; `frames` that it was decoded to, if it was."""
        if self._stopped:
            return
        if self._place is None:
            self._begin(packet, frames)
            return
        samples = None if self._packets is None else self._packets.samples(packet)
        if samples is None or packet.pts <= self._last:
            self._stopped = True
            return
        due = rescale(packet.pts, self._time_base, self._rate)
        if abs(due - self._place) > GAP * self._rate:
            self._place = due
        if due >= self._next and packet.pts - self._last >= _APART:
            self.entries.append((packet.pts, self._place, packet.pos if self._by_position else -1))
            self._next = due + STEP * self._rate
        self._place += samples
        self._last = packet.pts

    def _begin(self, packet: Any, frames: list[Any]) -> None:
        frame = frames[-1] if frames else None
        if self._packets is None:
            self._packets = packets_of(self._stream)
        if self._packets is not None:
            self._packets.samples(packet)
        if frame is None:
            return
        self._rate = frame.sample_rate
        self._stopped = self._packets is None or frame.pts is None or len(frames) > 1
        if not self._stopped:
            # Priming is cut off the first frame, and its stamp is that of what is left.
            self._place = rescale(frame.pts, self._time_base, self._rate) + frame.samples
            self._last, self._next = packet.pts, self._place + STEP * self._rate
