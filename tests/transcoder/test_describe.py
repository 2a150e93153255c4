"""Playlists of plans, against Apple's rules; the numbers in the names are those of docs/hls-rules.md."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests import hls, layout
from manifests.hls import MediaPlaylist, MultivariantPlaylist, Resolution
from manifests.layout import AssetId, RenditionId
from transcoder import ladder
from transcoder.describe import beside, media, multivariant, static_manifests, under
from transcoder.ladder import LadderSettings
from transcoder.measured import Measured, RenditionSizes
from transcoder.plan import AAC_FRAME, AudioPlan, Plan, SoundKind, SourceRef, VideoPlan, VideoRung
from transcoder.profile import DEFAULT, Codec

TESTS = Path(__file__).resolve().parents[1]
ASSET = AssetId("asset")
NTSC = Fraction(30000, 1001)


def rung(height: int, width: int, average: int, *, divisor: int = 1, level: str = "1f") -> VideoRung:
    maxrate = average * 3 // 2
    return VideoRung(
        id=RenditionId(f"v{height}-1"), width=width, height=height, divisor=divisor, crf=21, average=average,
        maxrate=maxrate, bufsize=maxrate, profile="high", level="3.1", codecs=f"avc1.6400{level}",
        bandwidth=2 * average,
    )  # fmt: skip


RUNGS = (
    rung(1080, 1920, 6_000_000, level="28"),
    rung(720, 1280, 3_000_000),
    rung(540, 960, 2_000_000),
    rung(234, 416, 145_000, divisor=2, level="0d"),
)


def video(rate: Fraction = NTSC, frames: int = 1799, segment: int = 120) -> VideoPlan:
    return VideoPlan(
        stream=0, rate=rate, frames=frames, gop=segment // 2, segment=segment, time_base=1 / rate, origin=0,
        starts=tuple(range(0, frames, segment)), constant=True, interlaced=False, hdr=None, rotation=0, mirrored=False,
        width=1920, height=1080, rungs=RUNGS,
    )  # fmt: skip


def audio(
    number: int = 1, language: str = "en", name: str = "English", *, default: bool = False, automatic: bool = True,
    kind: SoundKind = SoundKind.MAIN, seconds: int = 60,
) -> AudioPlan:  # fmt: skip
    samples = seconds * 48000
    frames = -(-samples // AAC_FRAME)
    return AudioPlan(
        id=RenditionId(f"a{number}-1"), stream=number, time_base=Fraction(1, 48000), origin=0, sample_rate=48000,
        channels=2, samples=samples, cuts=(*range(0, frames, 188), frames), bitrate=128_000, codecs="mp4a.40.2",
        language=language, name=name, default=default, automatic=automatic, kind=kind,
    )  # fmt: skip


def in_surround(track: AudioPlan) -> AudioPlan:
    return replace(track, id=RenditionId(track.id.replace("a", "s")), channels=6, bitrate=384_000)


def plan(picture: VideoPlan | None, *tracks: AudioPlan) -> Plan:
    source = SourceRef(key=layout.source(ASSET, 1), size=1, demuxer="mov")
    return Plan(asset=ASSET, version=1, source=source, video=picture, audio=tracks)


WHOLE = plan(video(), audio(default=True), audio(2, "de", "Deutsch"))
RELATIVE = beside(layout.media_prefix(ASSET))


BYTES = {"v1080-1": 2_000_000, "v720-1": 1_200_000, "v540-1": 700_000, "v234-1": 100_000}
"""Of each segment but the second, which has twice as many; audio has 64,000."""


def sizes(of: Plan) -> Measured:
    return Measured(
        asset=of.asset,
        version=of.version,
        renditions={
            rendition: RenditionSizes(
                init=800,
                segments=tuple(BYTES.get(rendition, 64_000) * (2 if number == 1 else 1) for number in range(segments)),
            )
            for rendition, segments in of.renditions().items()
        },
    )


def described(of: Plan, measured: Measured | None = None) -> MultivariantPlaylist:
    return multivariant(of, measured, uri_of=RELATIVE)


def media_of(of: Plan, rendition: str) -> MediaPlaylist:
    return media(of, RenditionId(rendition), uri_of=beside(layout.media_prefix(of.asset, RenditionId(rendition))))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("vod-multivariant.m3u8", lambda: described(WHOLE).render()),
        ("vod-multivariant-measured.m3u8", lambda: described(WHOLE, sizes(WHOLE)).render()),
        ("vod-multivariant-audio-only.m3u8", lambda: described(plan(None, audio(default=True))).render()),
        ("vod-multivariant-video-only.m3u8", lambda: described(plan(video())).render()),
        ("vod-media-video.m3u8", lambda: media_of(WHOLE, "v720-1").render()),
        ("vod-media-audio.m3u8", lambda: media_of(WHOLE, "a1-1").render()),
    ],
)
def test_golden(name: str, text) -> None:
    assert text() == (TESTS / "golden" / name).read_text()


def test_9_1_to_9_4_every_variant_names_codecs_resolution_and_rate() -> None:
    for variant in described(WHOLE).variants:
        assert variant.codecs[0].startswith("avc1.")
        assert variant.codecs[1:] == ("mp4a.40.2",)
        assert variant.resolution is not None
    rates = {each.uri: each.frame_rate for each in described(WHOLE).variants}
    assert rates["v720-1/index.m3u8"] == Fraction(29970, 1000)
    assert rates["v234-1/index.m3u8"] == Fraction(14985, 1000)
    by_uri = {each.uri: each.resolution for each in described(WHOLE).variants}
    assert by_uri["v540-1/index.m3u8"] == Resolution(width=960, height=540)


def test_9_11_independent_segments_and_version() -> None:
    assert described(WHOLE).independent_segments
    assert media_of(WHOLE, "v720-1").independent_segments
    assert media_of(WHOLE, "v720-1").version == 6


def test_9_13_bandwidth_is_the_dearest_combination() -> None:
    cheap, dear = audio(default=True), replace(audio(2, "de", "Deutsch"), bitrate=160_000)
    of = plan(video(), cheap, dear)
    for variant, each in zip(sorted(described(of).variants, key=lambda v: v.bandwidth), reversed(RUNGS), strict=True):
        assert variant.bandwidth == each.bandwidth + 160_000
        assert variant.average_bandwidth is not None
        assert variant.average_bandwidth <= variant.bandwidth


def test_measured_rates_replace_the_declared_ones() -> None:
    of = plan(video(), audio(default=True))
    measured = sizes(of)
    found = {each.uri: each for each in described(of, measured).variants}["v720-1/index.m3u8"]
    frame = 1 / NTSC
    picture = 8 * 2_400_000 / (120 * frame)
    sound = 8 * 128_000 / (188 * Fraction(AAC_FRAME, 48000))
    assert 0 <= found.bandwidth - (picture + sound) <= 2
    # 15 segments and one of them double; the audio's last one is short
    averages = 8 * 1_200_000 * 16 / (1799 * frame) + 8 * 64_000 * 16 / of.duration
    assert found.average_bandwidth is not None
    assert abs(found.average_bandwidth - averages) / averages < 0.001


@pytest.mark.parametrize(("rungs", "first"), [(RUNGS, "v540-1"), (RUNGS[:2], "v720-1"), (RUNGS[3:], "v234-1")])
def test_1_32_first_variant_is_near_two_megabits(rungs: tuple[VideoRung, ...], first: str) -> None:
    found = described(plan(replace(video(), rungs=rungs), audio()))
    assert found.variants[0].uri == f"{first}/index.m3u8"
    rest = [variant.bandwidth for variant in found.variants[1:]]
    assert rest == sorted(rest)
    assert len(found.variants) == len(rungs)


@pytest.mark.parametrize(("height", "first"), [(1080, "v540-1"), (540, "v540-1"), (360, "v360-1")])
def test_1_32_holds_for_the_ladder(height: int, first: str) -> None:
    rungs = ladder.rungs(height * 16 // 9, height, rate=Fraction(25), version=1)
    found = described(plan(replace(video(), rungs=rungs), audio())).variants
    assert found[0].uri == f"{first}/index.m3u8"


def test_9_19_several_codecs_have_scores_and_h264_is_first() -> None:
    steps = tuple(replace(step, codecs=tuple(Codec)) for step in DEFAULT.ladder)
    rungs = ladder.rungs(1920, 1080, rate=Fraction(25), version=1, settings=LadderSettings(steps=steps))
    found = described(plan(replace(video(), rungs=rungs), audio()))
    assert found.variants[0].uri == "v540-1/index.m3u8"
    scores = {variant.uri.removesuffix("/index.m3u8"): variant.score for variant in found.variants}
    assert len(scores) == 18
    ranked = sorted(scores, key=lambda name: scores[name] or 0)
    assert ranked[-4:] == ["v720-av1-1", "v1080-1", "v1080-hevc-1", "v1080-av1-1"]
    codecs = {variant.uri: variant.codecs for variant in found.variants}
    assert codecs["v720-hevc-1/index.m3u8"] == ("hvc1.1.6.L93.90", "mp4a.40.2")
    assert codecs["v720-av1-1/index.m3u8"] == ("av01.0.05M.08", "mp4a.40.2")
    alone = described(plan(video(), audio()))
    assert {variant.score for variant in alone.variants} == {None}


def test_audio_group_has_one_default_and_one_choice_of_each_language() -> None:
    of = plan(
        video(), audio(1, "en", "English", automatic=False), audio(2, "en", "English", default=True),
        audio(3, "de", 'Kurt "live"\n'),
    )  # fmt: skip
    first, second, third = described(of).renditions
    assert [each.name for each in (first, second, third)] == ["English", "English 2", "Kurt 'live'"]
    assert [each.default for each in (first, second, third)] == [False, True, False]
    assert [each.autoselect for each in (first, second, third)] == [False, True, True]
    assert {each.channels for each in (first, second, third)} == {"2"}
    assert {each.language for each in (first, second, third)} == {"en", "de"}


def test_a_description_says_that_it_is_one_and_a_commentary_is_never_chosen_alone() -> None:
    of = plan(
        video(), audio(default=True), audio(2, name="Described", kind=SoundKind.DESCRIPTION),
        audio(3, name="Comments", kind=SoundKind.COMMENTARY, automatic=False),
    )  # fmt: skip
    found = described(of).renditions
    assert [each.characteristics for each in found] == [(), ("public.accessibility.describes-video",), ()]
    assert [(each.default, each.autoselect) for each in found] == [(True, True), (False, True), (False, False)]


def test_surround_is_a_group_of_its_own_with_every_track_and_every_rung() -> None:
    english, german = audio(default=True), audio(2, "de", "Deutsch")
    found = described(plan(video(), english, german, in_surround(english)))
    members = {(each.group, each.name, each.channels, each.uri, each.default) for each in found.renditions}
    assert members == {
        ("audio", "English", "2", "a1-1/index.m3u8", True), ("audio", "Deutsch", "2", "a2-1/index.m3u8", False),
        ("surround", "English", "6", "s1-1/index.m3u8", True), ("surround", "Deutsch", "2", "a2-1/index.m3u8", False),
    }  # fmt: skip
    rates = {(each.audio, each.uri): each.bandwidth for each in found.variants}
    assert set(rates) == {(group, f"{each.id}/index.m3u8") for group in ("audio", "surround") for each in RUNGS}
    for each in RUNGS:
        assert rates["audio", f"{each.id}/index.m3u8"] == each.bandwidth + 128_000
        assert rates["surround", f"{each.id}/index.m3u8"] == each.bandwidth + 384_000
    assert (found.variants[0].audio, found.variants[0].uri) == ("audio", "v540-1/index.m3u8")


def test_sound_alone_is_to_be_had_in_surround_too() -> None:
    track = audio(default=True)
    found = described(plan(None, track, in_surround(track)))
    assert [(each.audio, each.uri) for each in found.variants] == [
        ("audio", "a1-1/index.m3u8"), ("surround", "s1-1/index.m3u8"),
    ]  # fmt: skip


def test_a_group_without_a_marked_default_gets_one() -> None:
    found = described(plan(video(), audio(1), audio(2, "de", ""))).renditions
    assert [each.default for each in found] == [True, False]
    assert found[1].name == "de"


def test_audio_only_has_a_variant_of_its_default_track() -> None:
    found = described(plan(None, audio(1, "en"), audio(2, "de", "Deutsch", default=True)))
    (variant,) = found.variants
    assert variant.uri == "a2-1/index.m3u8"
    assert variant.bandwidth == 128_000
    assert (variant.codecs, variant.audio, variant.resolution, variant.frame_rate) == (
        ("mp4a.40.2",),
        "audio",
        None,
        None,
    )


def test_video_only_has_no_group() -> None:
    found = described(plan(video()))
    assert found.renditions == ()
    assert {variant.audio for variant in found.variants} == {None}
    assert {len(variant.codecs) for variant in found.variants} == {1}


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(25), NTSC, Fraction(50), Fraction(60000, 1001)])
@pytest.mark.parametrize("frames", [1, 119, 240, 215_999])
def test_8_1_durations_sum_to_the_exact_end(rate: Fraction, frames: int) -> None:
    segment = 2 * round(rate * 2)
    of = plan(video(rate, frames, segment))
    found = media_of(of, "v720-1")
    total = Fraction(0)
    for number, each in enumerate(found.segments):
        total += each.duration
        assert of.video is not None
        assert abs(total - of.video.frames_of(number).stop / rate) <= Fraction(1, 2_000_000)
    assert found.ended
    assert found.playlist_type == "VOD"
    assert max(each.duration for each in found.segments) <= found.target_duration + Fraction(1, 2)


@given(st.integers(1, 4000), st.sampled_from([44100, 48000, 32000]))
def test_8_1_holds_for_audio(frames: int, rate: int) -> None:
    track = replace(audio(), sample_rate=rate, samples=frames * AAC_FRAME, cuts=(*range(0, frames, 172), frames))
    found = media_of(plan(None, track), "a1-1")
    assert abs(sum(each.duration for each in found.segments) - Fraction(frames * AAC_FRAME, rate)) < Fraction(1, 10**6)


def test_all_playlists_of_an_asset_have_one_target_duration() -> None:
    of = plan(video(), replace(audio(), cuts=(0, 700, 2813)))
    assert {media_of(of, rendition).target_duration for rendition in of.renditions()} == {45}


def test_unknown_rendition() -> None:
    with pytest.raises(KeyError):
        media_of(WHOLE, "v721-1")


def test_absolute_uris() -> None:
    found = multivariant(WHOLE, None, uri_of=under("https://cdn.example.org/x/"))
    assert found.variants[0].uri == "https://cdn.example.org/x/media/asset/v540-1/index.m3u8"
    assert found.renditions[0].uri == "https://cdn.example.org/x/media/asset/a1-1/index.m3u8"
    playlist = media(WHOLE, RenditionId("a1-1"), uri_of=under("https://cdn.example.org"))
    assert playlist.segments[3].uri == "https://cdn.example.org/media/asset/a1-1/3.m4s"
    assert playlist.map is not None
    assert playlist.map.uri == "https://cdn.example.org/media/asset/a1-1/init.mp4"


def test_static_manifests_lie_beside_what_they_name() -> None:
    found = static_manifests(WHOLE, sizes(WHOLE))
    assert set(found) == {
        "media/asset/index.m3u8",
        "media/asset/index.mpd",
        *(f"media/asset/{rendition}/index.m3u8" for rendition in WHOLE.renditions()),
    }
    playlists = {key: text for key, text in found.items() if key.endswith(".m3u8")}
    for key, text in playlists.items():
        playlist, folder = hls.parse(text), key.removesuffix("index.m3u8")
        if isinstance(playlist, MultivariantPlaylist):
            named = {f"{folder}{each.uri}" for each in (*playlist.variants, *playlist.renditions)}
            assert named == set(playlists) - {key}
        else:
            rendition = RenditionId(folder.split("/")[2])
            assert playlist.map is not None
            assert f"{folder}{playlist.map.uri}" == layout.init(ASSET, rendition)
            for number, segment in enumerate(playlist.segments):
                assert f"{folder}{segment.uri}" == layout.segment(ASSET, rendition, number)


STRICT = """
const HLS = require("hls-parser");
HLS.setOptions({strictMode: true});
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const told = texts.map((text) => {
  try {
    const playlist = HLS.parse(text);
    return playlist.isMasterPlaylist ? `${playlist.variants.length} variants` : `${playlist.segments.length} segments`;
  } catch (error) {
    return `refused: ${error.message}`;
  }
});
process.stdout.write(JSON.stringify(told));
"""


def test_hls_parser_in_strict_mode_takes_them_all() -> None:
    node = shutil.which("node", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    assert node is not None, "node comes with the development dependencies"
    described_too = audio(2, "en", "Described", kind=SoundKind.DESCRIPTION)
    plans = [
        WHOLE, plan(video()), plan(None, audio(), audio(2, "de", "Deutsch")), plan(video(Fraction(25), 3, 100)),
        plan(video(), audio(default=True), described_too, in_surround(audio(default=True))),
    ]  # fmt: skip
    texts = [text for each in plans for key, text in static_manifests(each, sizes(each)).items()
             if key.endswith(".m3u8")]  # fmt: skip
    texts += [described(each).render() for each in plans]
    told = subprocess.run(
        [node, "-e", STRICT], input=json.dumps([*texts, texts[0].replace("#EXT-X-TARGETDURATION:4", "")]),
        env={"NODE_PATH": str(TESTS / "e2e" / "node_modules")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    *good, broken = json.loads(told.stdout)
    assert [each for each in good if each.startswith("refused")] == []
    assert broken.startswith("refused")
