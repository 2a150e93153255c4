"""The corpus' material, and somebody who notices what must not happen."""

from __future__ import annotations

import socket
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.hostile.seed import Seed, make_clips
from tests.hostile.trial import MEMORY, left_behind, peak

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


@pytest.fixture(scope="session")
def listener() -> Iterator[socket.socket]:
    """Where the corpus' references lead to. Nobody must come."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture(scope="session")
def seed(tmp_path_factory: pytest.TempPathFactory, listener: socket.socket) -> Seed:
    folder = tmp_path_factory.mktemp("seed")
    make_clips(folder)
    return Seed(folder=folder, port=listener.getsockname()[1])


@pytest.fixture
def watched(
    tmp_path: Path, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], AbstractContextManager[Path]]:
    """`with watched() as folder`: at its end nobody has called, too much memory was not used, and nothing is left."""

    @contextmanager
    def watching() -> Iterator[Path]:
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(scratch))
        before, family = peak(), {process.pid for process in psutil.Process().children(recursive=True)}
        yield tmp_path
        assert peak() <= max(MEMORY, before)
        assert left_behind(tmp_path, family) == []
        assert list(scratch.iterdir()) == []
        with pytest.raises(BlockingIOError):
            listener.accept()

    return watching
