from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One engine is enough to answer a client."""
    return f"sqlite:///{tmp_path / 'test.db'}"
