from __future__ import annotations

import pytest

from tests.transcoder.live.recording.taped import Tape, tape


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
async def event(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> Tape:
    """Three segments, the last one short, at 50 pictures a second; the smaller rung has every second of them."""
    return await tape(tmp_path_factory.mktemp("event"), rate=50, frames=240)
