"""Programs of others that read what we write, in node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


def node(arguments: list[str], texts: object) -> Any:
    """What a program says of texts. Raises CalledProcessError."""
    found = shutil.which("node", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    assert found is not None, "node comes with the development dependencies"
    told = subprocess.run(
        [found, *arguments],
        input=json.dumps(texts),
        env={"NODE_PATH": str(ROOT / "tests" / "e2e" / "node_modules")},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(told.stdout)
