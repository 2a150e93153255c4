from __future__ import annotations

import struct
from fractions import Fraction

import pytest

from manifests.layout import RenditionId
from transcoder.audio_boxes import init_section, segment
from transcoder.boxes import read_boxes, read_timescale
from transcoder.fragments import Fragment, FragmentReader, InitSection
from transcoder.plan import AudioPlan


def _track(sample_rate: int = 48000, channels: int = 2) -> AudioPlan:
    return AudioPlan(
        id=RenditionId("a1-1"), stream=1, time_base=Fraction(1, 48000), origin=0, sample_rate=sample_rate,
        channels=channels, samples=5000, cuts=(0, 3, 5), bitrate=128_000, codecs="mp4a.40.2", language="en",
        name="English", default=True,
    )  # fmt: skip


def test_the_init_section_is_one_track_in_samples() -> None:
    body = init_section(_track())
    ftyp, moov = read_boxes(body)
    assert (ftyp.kind, moov.kind) == (b"ftyp", b"moov")
    assert read_timescale(body[moov.start : moov.end]) == 48000


@pytest.mark.parametrize(
    ("rate", "channels", "config"), [(48000, 2, b"\x11\x90"), (44100, 2, b"\x12\x10"), (48000, 1, b"\x11\x88")]
)
def test_the_decoder_is_told_rate_and_channels(rate: int, channels: int, config: bytes) -> None:
    assert b"\x05\x02" + config + b"\x06\x01\x02" in init_section(_track(rate, channels))


def test_a_segment_is_one_fragment_with_exactly_its_frames() -> None:
    track = _track()
    reader = FragmentReader()
    stream = init_section(track) + segment(track, 0, (b"one", b"two2", b"three")) + segment(track, 1, (b"x", b"yz"))
    init, first, second = reader.feed(stream)
    reader.close()
    assert isinstance(init, InitSection)
    assert isinstance(first, Fragment)
    assert isinstance(second, Fragment)
    assert (first.decode_time, first.duration, first.samples, first.sync) == (0, 3072, 3, True)
    assert (second.decode_time, second.duration, second.samples, second.sync) == (3072, 2048, 2, True)
    assert first.body.endswith(struct.pack(">I", 8 + 12) + b"mdatonetwo2three")
