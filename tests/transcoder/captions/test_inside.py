"""Captions out of real files and made ones, through the child in its cage: texts, languages, and times to the ms."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import anyio
import pytest

from manifests.layout import AssetId
from tests.transcoder.captions.closed import EDM, EOC, command, pop_on, with_captions
from transcoder.captions.inside import captions_inside
from transcoder.index import index_source
from transcoder.plan import SourceRef
from transcoder.planner import make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from transcoder.captions.found import FoundCaptions, FoundTrack
    from transcoder.plan import Plan

FRAME_MS = 40


async def planned(path: Path, demuxer: str) -> Plan:
    source = SourceRef(key="source", size=path.stat().st_size, demuxer=demuxer)
    index = await index_source(path, demuxer=demuxer)
    return make_plan(asset=AssetId("asset"), version=1, source=source, index=index)


async def inside(path: Path, demuxer: str) -> FoundCaptions:
    return await captions_inside(path, await planned(path, demuxer))


def first_picture(plan: Plan, stamp: int) -> int:
    """When the picture with this stamp is shown, in ms."""
    assert plan.video is not None
    slot = round((stamp - plan.video.origin) * plan.video.time_base * plan.video.rate)
    return round(slot / plan.video.rate * 1000)


def cues(track: FoundTrack) -> list[tuple[int, int, str]]:
    return [(cue.start, cue.end, cue.text) for cue in track.cues]


def named(found: FoundCaptions) -> list[tuple[str, str, str, bool]]:
    return [(track.language, track.name, track.kind, track.default) for track in found.tracks]


async def test_three_languages_one_from_right_to_left(media: Path) -> None:
    path = media / "odd" / "x_multi_audio_eng_spa_subs_eng_spa_ara.mkv"
    plan = await planned(path, "matroska")
    found = await captions_inside(path, plan)
    assert named(found) == [
        ("en", "English", "subtitles", True),
        ("es", "Español", "subtitles", False),
        ("ar", "العربية", "subtitles", False),
    ]  # fmt: skip
    english, _, arabic = found.tracks
    # The first picture, at 0.899 s, is laid on a slot of the grid; its captions keep their distance from it.
    zero = first_picture(plan, 899) - 899
    assert [(start - zero, end - zero, text) for start, end, text in cues(english)] == [
        (1399, 2899, "Good dog!"),
        (3399, 4899, "Come here, <i>slowly</i>."),
        (5099, 6899, "Two lines\nof text &amp; more"),
    ]
    assert cues(arabic)[0] == (1399 + zero, 2899 + zero, "كلب جيد!")
    assert found.notes == ()


async def test_timed_text_of_mp4(media: Path) -> None:
    found = await inside(media / "odd" / "torchcodec_nasa_13013.mp4", "mov")
    # Both are marked as the default: that says nothing.
    assert named(found) == [("en", "English", "subtitles", False), ("en", "English 2", "subtitles", False)]
    assert cues(found.tracks[0])[0] == (210, 4260, "NAR: This is the optical and science segment of the Webb")


async def test_webvtt_of_webm_keeps_its_identifiers(media: Path) -> None:
    found = await inside(media / "odd" / "wpt_vp8_vorbis_webvtt_track.webm", "matroska")
    assert cues(found.tracks[0])[1] == (500, 1000, "HTML5 VIDEO ACCESSIBILITY AND THE WebVTT FILE FORMAT.")
    assert found.tracks[0].cues[1].identifier == "2"


async def test_dialogue_of_ass_without_its_styles(media: Path) -> None:
    found = await inside(media / "odd" / "ax_sample_with_ass_subtitles.mkv", "matroska")
    # The first picture, at 67 ms, is the plan's zero.
    assert cues(found.tracks[0]) == [(0, 433, "This is the first subtitle.")]


async def test_a_title_names_a_track(media: Path) -> None:
    found = await inside(media / "odd" / "ax_sample_with_srt.mkv", "matroska")
    assert named(found) == [("en", "Subs Label", "subtitles", False)]


@pytest.mark.parametrize(
    ("name", "demuxer"),
    [("ax_sample_with_pgs_subtitles.mkv", "matroska"), ("mei_sony_avchd_1080i50_ac3_pgs.mts", "mpegts")],
)
async def test_pictures_are_noted_and_not_dropped_in_silence(media: Path, name: str, demuxer: str) -> None:
    found = await inside(media / "odd" / name, demuxer)
    assert found.tracks == ()
    assert "pictures and cannot become text" in found.notes[0]


async def test_two_channels_of_cea_608(media: Path) -> None:
    found = await inside(media / "odd" / "livesim_cc1_cc3_640x360.mp4", "mov")
    assert named(found) == [("en", "CC1", "captions", False), ("und", "CC3", "captions", False)]
    # The picture begins at 6000/90000 s, which is the plan's zero.
    assert cues(found.tracks[0])[:2] == [(0, 1000, "eng: 00:00:00:00"), (1000, 2000, "eng: 00:00:01:00")]
    assert cues(found.tracks[1])[3] == (3000, 4000, "swe: 00:00:03:00")
    assert "in which language CC3 is" in found.tracks[1].warnings[0]


async def test_cea_608_of_a_transport_stream(media: Path) -> None:
    path = media / "odd" / "muxjs_sintel_captions.ts"
    plan = await planned(path, "mpegts")
    found = await captions_inside(path, plan)
    # By ffmpeg's own decoder, from the first picture on.
    zero = first_picture(plan, 900_000)
    assert [(cue.start - zero, cue.end - zero) for cue in found.tracks[0].cues][:2] == [(1000, 4000), (5000, 6958)]


async def test_cea_608_of_a_fragmented_mp4(media: Path) -> None:
    found = await inside(media / "odd" / "ax_fragmented_captions.mp4", "mov")
    assert [cue.text for cue in found.tracks[0].cues] == ["♪MUSIC♪"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Path:
    """Two seconds at 25 frames a second, with reordered pictures (so with an edit list)."""
    path = tmp_path_factory.mktemp("closed") / "clip.mp4"
    subprocess.run(
        [
            ffmpeg, "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=25", "-t", "2", "-c:v", "libx264",
            "-preset", "ultrafast", "-bf", "2", "-g", "25", path,
        ],
        check=True,
    )  # fmt: skip
    return path


@pytest.mark.parametrize(
    ("name", "demuxer", "offset"),
    [
        pytest.param("a.mp4", "mov", 0, id="an edit list"),
        pytest.param("b.mp4", "mov", 45_000, id="an MP4 that begins late"),
        pytest.param("c.ts", "mpegts", (1 << 33) - 43_200 - 126_000, id="a clock that wraps under way"),
        pytest.param("d.mkv", "matroska", 9_000, id="Matroska"),
    ],
)
async def test_a_caption_comes_and_goes_with_its_picture(
    tmp_path: Path, clip: Path, name: str, demuxer: str, offset: int
) -> None:
    pairs = {3: pop_on("Go!"), 11: [command(EOC)], 30: [command(EDM)]}
    made = with_captions(clip, tmp_path / name, pairs, offset=offset)
    found = await inside(made, demuxer)
    assert [cues(track) for track in found.tracks] == [[(11 * FRAME_MS, 30 * FRAME_MS, "Go!")]]


async def test_the_second_field_is_a_track_of_its_own(tmp_path: Path, clip: Path) -> None:
    made = with_captions(clip, tmp_path / "a.mp4", {3: pop_on("Zwei"), 11: [command(EOC)]}, field=2)
    found = await inside(made, "mov")
    assert [(track.name, cues(track)) for track in found.tracks] == [("CC3", [(440, 2000, "Zwei")])]


@pytest.mark.parametrize("codec", ["mov_text", "ttml"])
async def test_text_tracks_count_from_the_picture(tmp_path: Path, clip: Path, ffmpeg: str, codec: str) -> None:
    words = tmp_path / "words.srt"
    words.write_text("1\n00:00:00,440 --> 00:00:01,201\nFish & <i>chips</i>\n")
    made = tmp_path / "made.mp4"
    mux = ["-i", clip, "-i", words, "-map", "0", "-map", "1", "-c:v", "copy", "-c:s", codec]
    marks = ["-metadata:s:s:0", "language=ger", "-disposition:s:0", "forced"]
    await anyio.run_process([ffmpeg, "-v", "error", *mux, *marks, made])
    (track,) = (await inside(made, "mov")).tracks
    assert (track.language, track.kind) == ("de", "forced")
    assert [(start, end) for start, end, _ in cues(track)] == [(440, 1201)]
    assert "Fish &amp; " in track.cues[0].text


async def test_a_file_without_captions_says_nothing(clip: Path) -> None:
    found = await inside(clip, "mov")
    assert (found.tracks, found.notes) == ((), ())
