from __future__ import annotations

import signal
import socket
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Final

import anyio
import pytest

from manifests.layout import AssetId
from transcoder.errors import ChildFailed, ChildTimedOut, SourceRefused
from transcoder.index import SourceIndex, index_source, is_crash, orientation
from transcoder.plan import Plan, SourceRef
from transcoder.planner import make_plan
from transcoder.sniff import HEAD, sniff
from transcoder.source_limits import SourceLimits

GOLDEN: Final = Path(__file__).parents[1] / "golden" / "sources.tsv"
"""What becomes of a clip: the plan in short, or the code of the refusal. (The odd ones: tests/transcoder/odd.)"""

SOURCES: Final = [line.split("\t") for line in GOLDEN.read_text("utf-8").splitlines()[1:]]


def _sniff(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(HEAD)
        file.seek(max(0, path.stat().st_size - HEAD))
        return sniff(head, file.read())


async def _index(path: Path, limits: SourceLimits | None = None) -> SourceIndex:
    return await index_source(path, demuxer=_sniff(path), limits=limits)


def _short(plan: Plan) -> str:
    words = []
    if (video := plan.video) is not None:
        words += [f"{video.frames} at {video.rate}", f"{video.width}x{video.height}"]
        words += [f"turned {video.rotation}"] * bool(video.rotation) + ["mirrored"] * video.mirrored
        words += ["fields"] * video.interlaced + ([video.hdr] if video.hdr else [])
        words += [" ".join(rung.id for rung in video.rungs)]
    words += [
        f"{track.samples} {track.language}" + " 5.1" * track.is_surround + " of two" * (track.right is not None)
        for track in plan.audio
    ]
    return ", ".join(words)


async def outcome(path: Path) -> str:
    try:
        index = await _index(path)
        source = SourceRef(key="sources/a/1", size=path.stat().st_size, demuxer=index.demuxer)
        return _short(make_plan(asset=AssetId("a"), version=1, source=source, index=index))
    except SourceRefused as refused:
        return f"refused: {refused.code}" if len(str(refused)) > 40 else f"refused without a word of advice: {refused}"


@pytest.mark.parametrize(("name", "expected"), SOURCES, ids=[ascii(name) for name, _ in SOURCES])
async def test_every_clip_has_a_plan_or_a_reason(name: str, expected: str, media: Path) -> None:
    assert await outcome(media / name) == expected


# Time stamps that are easily got wrong: B-frames and edit lists, pictures that are never shown, no stamps at all,
# fields in packets of their own, a wrapped clock, a variable rate, a start that is not zero, a file that is cut off.
EXACT = [
    "real/androidx_london_rooftop_360p30_aac.mp4",
    "real/kivy_cityCC0_405p25_mpeg2.mpg",
    "real/pose2sim_beam_1088x1920p60.mp4",
    "real/udacity_highway_720p25_aac.mp4",
    "odd/awesome'movie.mov",
    "odd/ax_bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4",
    "odd/ax_dolbyVision-hdr.MOV",
    "odd/ax_iibbibb_editlist_videoonly.mp4",
    "odd/ax_roadtrip-vp92-10bit.webm",
    "odd/ax_sample.avi",
    "odd/ax_sample.flv",
    "odd/ax_sample_empty_track.mp4",
    "odd/ax_sample_fragmented.mp4",
    "odd/intel_classroom.gif",
    "odd/mei_canon_mjpeg_480p30_pcm.avi",
    "odd/mei_sony_avchd_1080i50_ac3_pgs.mts",
    "odd/muxjs_sintel_captions.ts",
    "odd/openh264_raw_baseline_cif.264",
    "odd/phpffmpeg_portrait.MOV",
    "odd/siti_foreman_cif.y4m",
    "odd/te[s]t_ video ' _ .flv",
    "odd/tmh_VP9-tractor.webm",
    "odd/wpt_vp8_vorbis_webvtt_track.webm",
    "odd/x_h264_vfr_25_4_8fps_aac.mp4",
    "odd/x_mpeg2_ps_576i50_sar64x45_ac3_mp2.mpg",
    "odd/x_mxf_mpeg2_422_pcm_tc.mxf",
    "odd/x_pts_wrap_33bit.ts",
    "odd/x_single_frame.mp4",
    "odd/x_video_starts_1.5s_late.mp4",
    "hostile/truncated_60_faststart.mp4",
    "hostile/truncated_fragment.mp4",
]


async def _decoded(ffmpeg: str, *arguments: str) -> tuple[Fraction, list[tuple[int, int]]]:
    """Time base, and start and duration of every frame that ffmpeg gets out of a stream."""
    command = [ffmpeg, "-v", "quiet", "-nostdin", "-copyts", *arguments, "-f", "framecrc", "-"]
    lines = (await anyio.run_process(command)).stdout.decode().splitlines()
    time_base = next(Fraction(line.split(":")[1]) for line in lines if line.startswith("#tb"))
    fields = [line.split(",") for line in lines if not line.startswith("#")]
    return time_base, [(int(field[2]), int(field[3])) for field in fields]


@pytest.mark.parametrize("name", EXACT)
async def test_the_timeline_is_what_ffmpeg_decodes(name: str, media: Path, ffmpeg: str) -> None:
    index = await _index(media / name)
    stream = index.video[0]
    time_base, frames = await _decoded(
        ffmpeg, "-noautorotate", "-threads", "1", "-i", str(media / name), "-map", f"0:{stream.index}",
        "-c:v", "wrapped_avframe", "-fps_mode", "passthrough", "-enc_time_base", "demux",
    )  # fmt: skip
    assert [stamp * stream.time_base for stamp in stream.stamps] == sorted(start * time_base for start, _ in frames)


# Sound: priming and padding by an edit list, by CodecDelay in Matroska, by a LAME header; a start that is not zero.
SOUND = [
    ("real/androidx_london_rooftop_360p30_aac.mp4", 1),
    ("real/udacity_highway_720p25_aac.mp4", 0),
    ("odd/ax_hdr10-av1.mp4", 1),
    ("odd/ax_sample_edit_list.mp4", 1),
    ("odd/phpffmpeg_portrait.MOV", 0),
    ("odd/svt_multiple_audio.mp4", 1),
    ("odd/wpt_vp8_vorbis_webvtt_track.webm", 1),
    ("odd/x_audio_only.mp3", 0),
    ("odd/x_mpeg2_ps_576i50_sar64x45_ac3_mp2.mpg", 2),
    ("odd/x_vp9_853x481_odd.webm", 1),
    ("odd/ax_sowt-with-video.mov", 1),
]


@pytest.mark.parametrize(("name", "number"), SOUND)
async def test_sound_begins_and_ends_where_ffmpeg_decodes_it(name: str, number: int, media: Path, ffmpeg: str) -> None:
    (stream,) = (stream for stream in (await _index(media / name)).audio if stream.index == number)
    time_base, frames = await _decoded(ffmpeg, "-i", str(media / name), "-map", f"0:{number}", "-c:a", "pcm_s16le")
    # A container's clock may be as coarse as a millisecond.
    assert abs(stream.start * stream.time_base - frames[0][0] * time_base) <= Fraction(1, 1000)
    assert abs(stream.end * stream.time_base - sum(frames[-1]) * time_base) <= Fraction(2, 1000)


PADDED = [
    ("ogg", "libopus"), ("matroska", "libopus"), ("mp3", "libmp3lame"), ("mp4", "aac"), ("mov", "pcm_s24le"),
    ("flac", "flac"), ("wav", "pcm_s16le"),
]  # fmt: skip


@pytest.mark.parametrize(("muxer", "codec"), PADDED)
async def test_priming_and_padding_of_encoders_are_no_sound(
    muxer: str, codec: str, tmp_path: Path, ffmpeg: str
) -> None:
    made = tmp_path / "made"
    tone = ("-f", "lavfi", "-i", "sine=440:r=48000:d=0.7131", "-c:a", codec, "-f", muxer)
    await anyio.run_process([ffmpeg, "-v", "error", "-nostdin", *tone, str(made)])
    (track,) = (await _index(made)).audio
    # Matroska counts in milliseconds.
    tolerance = Fraction(1, 1000) if muxer == "matroska" else Fraction(1, 48_000)
    assert abs((track.end - track.start) * track.time_base - Fraction(7131, 10_000)) <= tolerance


TURNED = ["x_rotation_180.mp4", "x_rotation_90.mp4", "x_rotation_90_hflip.mp4", "phpffmpeg_portrait.MOV"]


@pytest.mark.parametrize("name", TURNED)
async def test_a_picture_is_turned_as_ffmpeg_turns_it(name: str, media: Path, ffmpeg: str) -> None:
    path = media / "odd" / name
    stream = (await _index(path)).video[0]
    turn = {0: "null", 90: "transpose=clock", 180: "hflip,vflip", 270: "transpose=cclock"}[stream.rotation]

    def first_picture(*options: str, filters: str = "null") -> bytes:
        command = [ffmpeg, "-v", "error", "-nostdin", *options, "-i", str(path), "-map", "0:v:0", "-vf", filters]
        return subprocess.run(
            [*command, "-frames:v", "1", "-f", "md5", "-"], stdout=subprocess.PIPE, check=True
        ).stdout  # fmt: skip

    ours = first_picture("-noautorotate", filters=f"{'hflip,' * stream.mirrored}{turn}")
    assert ours == first_picture()
    assert ours != first_picture("-noautorotate")


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_orientation(rotation: int, mirrored: bool) -> None:
    cos, sin = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[rotation]
    flip = -1 if mirrored else 1
    matrix = (cos * flip << 16, sin * flip << 16, 0, -sin << 16, cos << 16, 0, 0, 0, 1 << 30)
    assert orientation(matrix) == (rotation, mirrored)


@pytest.mark.parametrize("matrix", [None, (0,) * 9, (65536, 1000, 0, -1000, 65536, 0, 0, 0, 1 << 30)])
def test_no_matrix_a_broken_one_and_a_slight_turn_leave_the_picture(matrix: tuple[int, ...] | None) -> None:
    assert orientation(matrix) == (0, False)


LIMITS = [
    (SourceLimits(max_pixels=640 * 360 - 1), "too_large", "limit of 230399"),
    (SourceLimits(max_streams=1), "too_many_streams", "more than 1 streams"),
    (SourceLimits(max_frames=100), "too_many_frames", "limit of 100"),
    (SourceLimits(max_packets=100), "too_many_frames", "Cut it into parts"),
    (SourceLimits(max_duration=5), "too_long", "limit of 5 s"),
]


@pytest.mark.parametrize(("limits", "code", "words"), LIMITS, ids=[code for _, code, _ in LIMITS])
async def test_a_limit_is_named(limits: SourceLimits, code: str, words: str, media: Path) -> None:
    with pytest.raises(SourceRefused, match=words) as refused:
        await _index(media / "real" / "chaplin_360p25_mp3.mp4", limits)
    assert refused.value.code == code


async def test_a_slow_machine_is_no_fault_of_the_file(media: Path) -> None:
    with pytest.raises(ChildTimedOut):
        await _index(media / "real" / "chaplin_360p25_mp3.mp4", SourceLimits(wall_s=0.01))


@pytest.mark.parametrize(
    ("exit_code", "crash"), [(-signal.SIGSEGV, True), (-signal.SIGKILL, False), (1, False), (127, False), (None, False)]
)
def test_only_a_crash_is_the_fault_of_the_file(exit_code: int | None, crash: bool) -> None:
    assert is_crash(exit_code) is crash


async def test_a_file_that_is_gone_is_not_refused(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match="No such file"):
        await index_source(tmp_path / "gone.mp4", demuxer="mov")


async def test_what_a_file_refers_to_is_not_opened(tmp_path: Path, media: Path) -> None:
    """Even a demuxer that `sniff` never names finds no way out: neither to the network nor to a pipe."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        playlist = tmp_path / "clip.mp4"
        playlist.write_text(f"#EXTM3U\n#EXTINF:4,\nhttp://127.0.0.1:{server.getsockname()[1]}/0.ts\n#EXT-X-ENDLIST\n")
        with pytest.raises(SourceRefused) as refused:
            await index_source(playlist, demuxer="hls")
        assert refused.value.code in ("unreadable", "no_streams")
        with pytest.raises(BlockingIOError):
            server.accept()


async def test_an_external_track_is_not_followed(media: Path, tmp_path: Path) -> None:
    """`dref` of a MOV names a file; what is planned is what the MOV itself holds."""
    clip = tmp_path / "dref_external.mov"
    clip.write_bytes((media / "hostile" / "dref_external.mov").read_bytes())
    assert [stream.codec for stream in (await _index(clip)).video] == ["h264"]


async def test_the_name_of_a_file_says_nothing(media: Path, tmp_path: Path) -> None:
    clip = tmp_path / "http:__a%d\n-i 'x'.m3u8"
    clip.write_bytes((media / "odd" / "x_single_frame.mp4").read_bytes())
    assert len((await _index(clip)).video[0].stamps) == 1


async def test_facts_of_the_picture(media: Path) -> None:
    hdr = (await _index(media / "odd" / "ax_sample_edit_list.mp4")).video[0]
    assert (hdr.hdr, hdr.bit_depth, hdr.rotation, hdr.pixel_format) == ("hlg", 10, 90, "yuv420p10le")
    full = (await _index(media / "real" / "openh264_street_1080p25_fullrange.mp4")).video[0]
    assert full.full_range
    cover = await _index(media / "odd" / "x_video_plus_cover_art.mp4")
    assert [stream.codec for stream in cover.video] == ["h264"]
    tracks = await _index(media / "odd" / "x_multi_audio_eng_spa_subs_eng_spa_ara.mkv")
    assert [(track.language, track.channels, track.default) for track in tracks.audio] == [
        ("eng", 2, True), ("spa", 2, True)
    ]  # fmt: skip


@pytest.fixture
def two_tracks(tmp_path: Path, ffmpeg: str) -> Path:
    """A folder: two mono tracks that say which sides they are (s.mov), or that the second describes the picture."""
    tone = ("-f", "lavfi", "-i", "sine=d=0.2:r=48000")
    placed = "[0]aformat=channel_layouts=FL[l];[1]aformat=channel_layouts=FR[r]"
    for name, *marks in (("s.mov",), ("s.mkv", "-disposition:a:1", "visual_impaired")):
        subprocess.run(
            [
                *(ffmpeg, "-v", "error", *tone, *tone, "-filter_complex", placed, "-map", "[l]", "-map", "[r]"),
                *("-c:a", "pcm_s16le", *marks, tmp_path / name),
            ],
            check=True,
        )
    return tmp_path


async def test_facts_of_the_sound(media: Path, two_tracks: Path) -> None:
    layouts = [stream.layout for stream in (await _index(media / "odd" / "svt_multiple_audio.mp4")).audio]
    assert layouts == ["stereo", "5.1(side)"]
    assert [stream.layout for stream in (await _index(two_tracks / "s.mov")).audio] == ["FL", "FR"]
    assert "visual_impaired" in (await _index(two_tracks / "s.mkv")).audio[1].dispositions
