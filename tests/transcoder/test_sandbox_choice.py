from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.errors import SettingsError
from transcoder import sandbox_choice
from transcoder.sandbox_cage import Cage
from transcoder.sandbox_choice import chosen, in_force, works

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    for cached in (chosen, works):
        cached.cache_clear()
    yield
    for cached in (chosen, works):
        cached.cache_clear()


def test_what_is_in_force_works(cage: Cage) -> None:
    assert in_force() is cage
    assert cage is Cage.PLAIN or works(cage)


def test_the_strongest_that_works_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(sandbox_choice.SETTING, raising=False)
    assert in_force() is next(cage for cage in Cage if cage is Cage.PLAIN or works(cage))


def test_a_bubblewrap_that_is_not_there_is_an_error_only_if_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingsError, match=r"CHANNEL_CAGE: bubblewrap does not work .*docs/security\.md"):
        chosen("bubblewrap")
    assert chosen("auto") is not Cage.BUBBLEWRAP


def test_a_bubblewrap_that_lets_everything_through_does_not_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n')
    fake.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert not works(Cage.BUBBLEWRAP)


def test_a_cage_that_nobody_knows_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sandbox_choice.SETTING, "iron")
    with pytest.raises(SettingsError, match="'iron' is not one of auto, bubblewrap, landlock, plain"):
        in_force()
