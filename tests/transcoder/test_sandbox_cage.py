from __future__ import annotations

import sys
from pathlib import Path

import transcoder
from transcoder.sandbox_cage import Cage, shut


def _mounts(words: list[str]) -> dict[str, str]:
    """What is mounted at each place, by which option."""
    return {words[place + 2]: word for place, word in enumerate(words) if word.endswith(("bind", "bind-try"))}


def test_bubblewrap_gives_ffmpeg_its_libraries_the_source_and_one_folder_to_write(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.touch()
    rules, words = shut(
        Cage.BUBBLEWRAP, [str(program), "-i", "x"], cwd=Path("/job"), reads=(Path("/cache/source"), Path("--"))
    )
    assert rules == []
    assert words[-3:] == [str(program), "-i", "x"]
    assert {"--unshare-all", "--die-with-parent"} <= set(words)
    mounts = _mounts(words)
    assert [place for place, how in mounts.items() if how == "--bind"] == ["/job"]
    assert mounts["/cache/source"] == mounts[str(program)] == mounts["/usr"] == "--ro-bind-try"
    assert mounts[str(Path("--").absolute())] == "--ro-bind-try"
    assert not {"/", "/proc", "/home", "/root", "/etc", sys.prefix} & set(mounts)


def test_python_gets_its_own_library_and_our_code() -> None:
    _, words = shut(Cage.BUBBLEWRAP, [sys.executable, "-I", "child.py"], cwd=Path("/job"), reads=())
    ours = str(Path(transcoder.__path__[0]))
    mounts = _mounts(words)
    for place in (sys.prefix, sys.base_prefix, ours):
        assert any(Path(place).is_relative_to(mount) for mount in mounts)
    assert str(Path(ours).parent) not in mounts


def test_landlocks_rules_say_the_same(tmp_path: Path) -> None:
    program = tmp_path / "own" / "bin" / "ffmpeg"
    rules, words = shut(Cage.LANDLOCK, [str(program), "-i", "x"], cwd=Path("/job"), reads=(Path("/cache/source"),))
    assert words == [str(program), "-i", "x"]
    assert {rule[1:] for rule in rules if rule[0] == "w"} == {"/job", "/dev/null"}
    assert {"x/usr", f"x{program}", f"x{tmp_path}/own/lib", "r/cache/source"} <= set(rules)
    assert not {"x/", "r/", f"x{tmp_path}", "r/tmp", "r/etc"} & set(rules)


def test_without_a_cage_a_command_is_itself() -> None:
    assert shut(Cage.PLAIN, ["ffmpeg", "-i", "x"], cwd=Path("/job"), reads=()) == ([], ["ffmpeg", "-i", "x"])
