"""What playlists claim, held against the bytes of an encode (rules 1.26, 1.27, 1.30, 7.3, 8.1, 9.1, 9.13)."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from manifests import layout
from manifests.layout import AssetId, RenditionId
from transcoder.audio import encode_audio
from transcoder.describe import beside, media, multivariant
from transcoder.encoder_settings import EncoderSettings
from transcoder.fragments import Fragment, FragmentReader, InitSection
from transcoder.index import index_source
from transcoder.measured import Measured, RenditionSizes
from transcoder.plan import Plan, SourceRef
from transcoder.planner import make_plan
from transcoder.video import encode_video
from transcoder.windows import windows

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.hls import MediaPlaylist

ASSET = AssetId("clip")
# Not ultrafast: it has no tools beyond the Baseline profile, and x264 says so in the sample entry.
FAST = EncoderSettings(preset="superfast", threads=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    plan: Plan
    bodies: dict[tuple[RenditionId, int | None], bytes]

    @property
    def measured(self) -> Measured:
        return Measured(
            asset=ASSET,
            version=1,
            renditions={
                rendition: RenditionSizes(
                    init=len(self.bodies[rendition, None]),
                    segments=tuple(len(self.bodies[rendition, number]) for number in range(segments)),
                )
                for rendition, segments in self.plan.renditions().items()
            },
        )

    def playlist(self, rendition: RenditionId) -> MediaPlaylist:
        return media(self.plan, rendition, uri_of=beside(layout.media_prefix(ASSET, rendition)))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Made:
    """9.5 s at 29.97 frames/s, 480x270 (two rungs), two tracks of sound at 44.1 kHz."""
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"]
    subprocess.run(
        [
            ffmpeg, "-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=480x270:rate=30000/1001",
            *tone, *tone, "-map", "0", "-map", "1", "-map", "2", "-t", "9.5", "-c:v", "libx264",
            "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "flac", path,
        ],
        check=True,
    )  # fmt: skip
    return asyncio.run(_encoded(path))


async def _encoded(path: Path) -> Made:
    index = await index_source(path, demuxer="matroska")
    source = SourceRef(key=layout.source(ASSET, 1), size=path.stat().st_size, demuxer="matroska")
    plan = make_plan(asset=ASSET, version=1, source=source, index=index)
    bodies: dict[tuple[RenditionId, int | None], bytes] = {}

    async def sink(rendition: RenditionId, number: int | None, body: bytes) -> None:
        bodies[rendition, number] = body

    tracks = {str(track.id): track for track in plan.audio}
    for window in windows(plan):
        if window.track == "video":
            await encode_video(plan, window, source=path, sink=sink, settings=FAST)
        else:
            await encode_audio(plan, tracks[window.track], window, source=path, sink=sink, settings=FAST)
    return Made(plan=plan, bodies=bodies)


def test_8_1_every_segment_begins_and_lasts_as_the_playlist_says(made: Made) -> None:
    for rendition, segments in made.plan.renditions().items():
        begin, playlist = Fraction(0), made.playlist(rendition)
        assert len(playlist.segments) == segments
        for number, segment in enumerate(playlist.segments):
            init, *fragments = FragmentReader().feed(made.bodies[rendition, None] + made.bodies[rendition, number])
            assert isinstance(init, InitSection)
            assert all(isinstance(fragment, Fragment) for fragment in fragments)
            assert abs(Fraction(fragments[0].decode_time, init.timescale) - begin) <= Fraction(1, 10**6)
            lasts = Fraction(sum(fragment.duration for fragment in fragments), init.timescale)
            assert abs(lasts - segment.duration) <= Fraction(1, 10**6)
            assert lasts <= playlist.target_duration + Fraction(1, 2)  # rule 7.7
            begin += segment.duration


def test_9_1_codecs_are_those_of_the_sample_entries(made: Made) -> None:
    assert made.plan.video is not None
    for rung in made.plan.video.rungs:
        init = made.bodies[rung.id, None]
        record = init[init.index(b"avcC") + 4 :]
        assert rung.codecs == f"avc1.{record[1:4].hex()}"
        assert b"avc1" in init
    for track in made.plan.audio:
        assert b"mp4a" in made.bodies[track.id, None]


def test_1_26_to_1_30_and_9_13_rates_are_those_of_the_bytes(made: Made) -> None:
    def rates(rendition: RenditionId) -> tuple[float, float]:
        sizes = made.measured.renditions[rendition].segments
        lengths = [float(segment.duration) for segment in made.playlist(rendition).segments]
        longest = made.playlist(rendition).target_duration
        runs = [
            (sum(sizes[first:last]), sum(lengths[first:last]))
            for first in range(len(sizes))
            for last in range(first + 1, len(sizes) + 1)
        ]
        peak = max(8 * size / length for size, length in runs if longest / 2 <= length <= longest * 1.5)
        return peak, 8 * sum(sizes) / sum(lengths)

    sound = [rates(track.id) for track in made.plan.audio]
    assert len(sound) == 2
    found = multivariant(made.plan, made.measured, uri_of=beside(layout.media_prefix(ASSET)))
    for variant in found.variants:
        peak, average = rates(RenditionId(variant.uri.partition("/")[0]))
        peak, average = peak + max(each for each, _ in sound), average + max(each for _, each in sound)
        assert abs(variant.bandwidth - peak) <= 0.001 * peak
        assert variant.average_bandwidth is not None
        assert abs(variant.average_bandwidth - average) <= 0.001 * average
        assert peak <= 2 * average
