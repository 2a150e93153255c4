from __future__ import annotations

import subprocess

import av.codec
import pytest

from transcoder import accepted
from transcoder.ffmpeg import ffmpeg_path


def test_what_has_had_its_holes_or_is_nobodys_is_not_decoded() -> None:
    exotic = {"magicyuv", "xbin", "ansi", "librsvg", "wavesynth", "smackvid", "bink", "vb", "flashsv", "exr", "tiff"}
    assert not exotic & set(accepted.DECODERS)
    assert len(set(accepted.DECODERS)) == len(accepted.DECODERS)


def test_every_decoder_is_one_of_ffmpegs_or_of_its_libraries() -> None:
    listed = subprocess.run(
        [ffmpeg_path(), "-hide_banner", "-decoders"], capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    known = {line.split()[1] for line in listed.splitlines() if len(line.split()) > 2} | av.codec.codecs_available
    assert set(accepted.DECODERS) <= known


@pytest.mark.parametrize("demuxer", ["mov", "matroska"])
def test_a_source_is_opened_as_one_file(demuxer: str) -> None:
    options = accepted.opening(demuxer, protocols="none")
    assert options["protocol_whitelist"] == "none"
    assert options["format_whitelist"] == demuxer
    assert ("enable_drefs" in options) == (demuxer == "mov")
