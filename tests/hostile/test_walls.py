"""What readers of hostile files ask of the kernel (strace), and what they get if they ask for more."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import ffmpeg
import pytest

import transcoder
from infra.errors import SettingsError
from tests.hostile import damage, references
from transcoder import index_child
from transcoder.encoder_settings import EncoderSettings
from transcoder.errors import SourceRefused
from transcoder.ffmpeg import ffmpeg_path
from transcoder.inputs import command, open_source
from transcoder.plan import SourceRef
from transcoder.sandbox import Limits, environment, wrap
from transcoder.sandbox_cage import Cage
from transcoder.sandbox_choice import chosen
from transcoder.sniff import HEAD, sniff

if TYPE_CHECKING:
    import socket

    from tests.hostile.seed import Seed

_CALLS: Final = "execve,open,openat,openat2,creat,socket,connect,bind,sendto,sendmsg,sendmmsg,unlink,rename,mkdir"
_LIMITS: Final = {"max_pixels": 35651584, "max_streams": 64, "max_packets": 1000}
_READERS: Final = ("index", "encode")
# What gets past `sniff` and refers to something; then a film that is only broken.
_READ: Final = {
    case.name: case
    for case in (*references.CASES, *damage.CASES)
    if case.name in ("mov-dref-file", "mov-dref-http", "mov-dref-absolute-path", "avi-gab2-hls", "avi-gab2-concat",
                     "playlist-in-a-film", "playlist-behind-a-tag", "flipped-1.mp4", "cut-at-50.ts", "cut-at-50.mkv")
}  # fmt: skip


@pytest.fixture(params=[Cage.BUBBLEWRAP, Cage.LANDLOCK], ids=lambda cage: cage.value)
def cage(request: pytest.FixtureRequest) -> Cage:
    try:
        return chosen(request.param.value)
    except SettingsError as exc:
        pytest.skip(str(exc))


def _reader(kind: str, source: Path, demuxer: str) -> list[str]:
    if kind == "index":
        return [sys.executable, "-I", index_child.__file__, str(source), demuxer, json.dumps(_LIMITS)]
    opened = open_source(
        source, SourceRef(key="k", size=1, demuxer=demuxer), seek=None, settings=EncoderSettings(threads=1)
    )
    return command(ffmpeg_path(), ffmpeg.output(opened, "pipe:1", f="null"))


def _caged(argv: list[str], folder: Path, *, cage: Cage, source: Path) -> list[str]:
    return wrap(argv, Limits(wall_s=30, cpu_s=20), cage=cage, cwd=folder, reads=(source,))


def _run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip


def _asked(argv: list[str], folder: Path, log: Path, *, cage: Cage, source: Path) -> list[str]:
    """The system calls of a command in its cage, from its first on."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("no strace on this machine (Debian: apt-get install strace)")
    # -D: the launcher stays our child, for it ends with its parent.
    watching = [strace, "-D", "-f", "-qq", "-s", "200", "-e", f"trace={_CALLS}", "-o", str(log), "--"]
    _run([*watching, *_caged(argv, folder, cage=cage, source=source)], folder)
    lines = log.read_text().splitlines()
    begun = [
        place for place, line in enumerate(lines)
        if f'execve("{argv[0]}"' in line and "-S" not in line and line.endswith("= 0")
    ]  # fmt: skip
    assert begun, "\n".join(lines[-5:])
    return lines[begun[-1] + 1 :]


def _opened(calls: list[str]) -> set[Path]:
    found = (re.search(r'open(?:at2?)?\((?:AT_FDCWD, )?"([^"]+)".* = \d+$', line) for line in calls)
    return {Path(match[1]) for match in found if match}


@pytest.mark.parametrize("kind", _READERS)
@pytest.mark.parametrize("name", sorted(_READ))
def test_a_reader_asks_for_its_source_and_its_libraries(
    name: str, kind: str, seed: Seed, cage: Cage, tmp_path: Path
) -> None:
    source, folder = tmp_path / "source", tmp_path / "job"
    body = _READ[name].make(seed)
    source.write_bytes(body)
    folder.mkdir()
    try:
        demuxer = sniff(body[:HEAD], body[-HEAD:])
    except SourceRefused:
        pytest.fail("this one is of those that are read")
    calls = _asked(_reader(kind, source, demuxer), folder, tmp_path / "log", cage=cage, source=source)
    assert source in _opened(calls)
    mine = [source, folder, Path(sys.prefix), Path(sys.base_prefix), Path(transcoder.__path__[0]), Path(ffmpeg_path())]
    system = map(Path, ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/sys/devices/system/cpu", "/dev"))
    allowed = [*mine, *system]
    assert {path for path in _opened(calls) if not any(path.is_relative_to(each) for each in allowed)} == set()
    # It did not even try: the walls were not needed.
    assert not [line for line in calls if re.search(r"passwd|127\.0\.0\.1|AF_INET|\bsocket\(|\bconnect\(", line)]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("target", ["file:///etc/passwd", "{url}", "{other}"])
def test_an_ffmpeg_that_follows_everything_gets_nowhere(
    target: str, seed: Seed, cage: Cage, listener: socket.socket, tmp_path: Path
) -> None:
    """As if the file had taken it over: no list keeps it from anything, the cage does."""
    source, folder, other = tmp_path / "source.m3u8", tmp_path / "job", tmp_path / "other.ts"
    folder.mkdir()
    other.write_bytes(seed.clip("ts"))
    address = target.format(url=seed.url, other=f"file://{other}")
    source.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n#EXT-X-ENDLIST\n")
    lax = ["-protocol_whitelist", "file,http,tcp,concat,crypto,data,subfile", "-allowed_extensions", "ALL"]
    argv = [ffmpeg_path(), "-nostdin", "-v", "info", *lax, "-extension_picky", "0"]
    argv += ["-f", "hls", "-i", str(source), "-f", "null", "-"]
    calls = _asked(argv, folder, tmp_path / "log", cage=cage, source=source)
    tried = [line for line in calls if re.search(r"passwd|other\.ts|\bsocket\(", line)]
    assert tried
    assert [line for line in tried if not re.search(r"= -1 E(PERM|ACCES|NOENT)", line)] == []
    with pytest.raises(BlockingIOError):
        listener.accept()
    if "{other}" in target:  # what it could not read in its cage it reads outside
        assert subprocess.run(argv, capture_output=True, check=False).returncode == 0


def test_a_child_that_writes_without_end_is_cut_off(cage: Cage, tmp_path: Path) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    code = "import os\nfd = os.open('endless', os.O_WRONLY | os.O_CREAT)\nwhile True: os.write(fd, bytes(1 << 20))"
    argv = [sys.executable, "-I", "-c", code]
    done = _run(wrap(argv, Limits(file_bytes=8 << 20), cage=cage, cwd=folder, parent=os.getpid()), folder)
    assert done.returncode != 0
    assert (folder / "endless").stat().st_size == 8 << 20
