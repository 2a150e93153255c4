from __future__ import annotations

import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import ffmpeg
import pytest

from transcoder.encoder_settings import EncoderSettings
from transcoder.ffmpeg import ffmpeg_path
from transcoder.inputs import command, open_source
from transcoder.plan import SourceRef


def _argv(demuxer: str, *, seek: Fraction | None = None, path: Path = Path("/job/source")) -> list[str]:
    source = SourceRef(key="k", size=1, demuxer=demuxer)
    opened = open_source(path, source, seek=seek, settings=EncoderSettings(max_pixels=4096))
    return command(ffmpeg_path(), ffmpeg.output(opened, "-", f="null"))


def _value(argv: list[str], option: str) -> str:
    return argv[argv.index(option) + 1]


def test_a_source_is_one_local_file() -> None:
    argv = _argv("mov")
    assert _value(argv, "-i") == "file:/job/source"
    assert _value(argv, "-f") == _value(argv, "-format_whitelist") == "mov"
    assert _value(argv, "-protocol_whitelist") == "file"
    assert (_value(argv, "-enable_drefs"), _value(argv, "-use_absolute_path")) == ("0", "0")
    assert _value(argv, "-max_pixels") == "4096"
    assert "-nostdin" in argv
    assert "-enable_drefs" not in _argv("matroska")


@pytest.mark.parametrize(
    ("seek", "written"),
    [(Fraction(1), "1.000000"), (Fraction(1001, 30000), "0.033367"), (Fraction(1, 10**9), "0.000001")],
)
def test_a_seek_is_rounded_up(seek: Fraction, written: str) -> None:
    argv = _argv("mov", seek=seek)
    assert _value(argv, "-ss") == written
    assert "-noaccurate_seek" in argv
    assert argv.index("-ss") < argv.index("-i")


@pytest.mark.parametrize("seek", [None, Fraction(0), Fraction(-1)])
def test_nothing_is_sought_before_the_start(seek: Fraction | None) -> None:
    assert "-ss" not in _argv("mov", seek=seek)


@pytest.mark.parametrize("name", ["-i", "a b;rm", "concat:x|y", "%03d.mp4", "subfile,,start,0,end,9,,:x", "é\u202e"])
def test_a_file_name_is_only_a_name(name: str, tmp_path: Path) -> None:
    whole = tmp_path / "whole.mp4"
    make = [ffmpeg_path(), "-v", "error", "-f", "lavfi", "-i", "testsrc=s=32x32:d=0.2", str(whole)]
    subprocess.run(make, check=True)
    shutil.move(whole, tmp_path / name)
    subprocess.run(_argv("mov", path=tmp_path / name), check=True)


def test_a_playlist_named_like_a_film_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.ts").write_bytes(b"G" * 188)
    playlist = tmp_path / "film.mp4"
    playlist.write_text(f"#EXTM3U\n#EXTINF:1,\nfile://{tmp_path}/secret.ts\n#EXT-X-ENDLIST\n")
    done = subprocess.run(_argv("mov", path=playlist), capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "secret" not in done.stderr
