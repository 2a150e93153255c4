"""The Lua scripts: what must happen in one step in Redis. `prelude.lua` names the keys."""

from __future__ import annotations

from importlib.resources import files
from typing import Final


def _script(name: str) -> str:
    folder = files("streaming.sessions")
    return folder.joinpath("prelude.lua").read_text() + folder.joinpath(f"{name}.lua").read_text()


def prefix(shard: int) -> str:
    """What all keys of a shard begin with; the braces are the hash tag of Redis Cluster."""
    return f"channel:sessions:{{{shard}}}:"


ENTER: Final = _script("enter")
MERGE: Final = _script("merge")
SWEEP: Final = _script("sweep")
COLLECT: Final = _script("collect")
ACKNOWLEDGE: Final = _script("acknowledge")
AUDIENCE: Final = _script("audience")
CENSUS: Final = _script("census")
VIEWERS: Final = _script("viewers")
VISIT: Final = _script("visit")
