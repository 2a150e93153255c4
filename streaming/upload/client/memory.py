"""Uploads that have begun and not ended, so that the same command goes on where it was interrupted."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An upload at a server: its address and the asset that it becomes."""

    location: str
    asset: str


def default_folder(environment: Mapping[str, str]) -> Path:
    """Where they are kept: the user's cache folder (XDG Base Directory)."""
    cache = environment.get("XDG_CACHE_HOME", "")
    return (Path(cache) if Path(cache).is_absolute() else Path.home() / ".cache") / "channel" / "uploads"


class Memory:
    """One small file an upload, named after the server, the file's path, size and time of change, and what was said
    about it: a file that has changed, or is uploaded as something else, begins anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def recall(self, key: str) -> Begun | None:
        try:
            return msgspec.json.decode((self._folder / f"{key}.json").read_bytes(), type=Begun)
        except (OSError, msgspec.DecodeError):
            return None

    def keep(self, key: str, begun: Begun) -> None:
        """Remember; a disk that cannot be written to costs the resumption, not the upload."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = self._folder / f"{key}.{os.getpid()}"
            fresh.write_bytes(msgspec.json.encode(begun))
            fresh.replace(self._folder / f"{key}.json")

    def forget(self, key: str) -> None:
        with suppress(OSError):
            (self._folder / f"{key}.json").unlink(missing_ok=True)


def key_of(server: str, file: Path, said: str) -> str:
    """The name under which an upload of this file, as it is now, to this server is remembered. Raises OSError."""
    stat = file.stat()
    parts = (server, str(file.resolve()), str(stat.st_size), str(stat.st_mtime_ns), said)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
