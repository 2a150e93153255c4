"""What a killed S3 server leaves: objects whose sidecar is not written, or not the one that belongs to them.

nanio writes an object in four steps: the body under another name, its rename, the sidecar (type, ETag, size) under
another name, its rename. A kill between the last two leaves a file that nanio will not write over: this object could
never be written again. A kill before leaves a body without a sidecar, or with that of the object before it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from nanio.storage.filesystem import FilesystemStorage
from nanio.storage.metadata import synthesize_metadata_from_stat
from nanio.storage.paths import META_DIR_NAME, metadata_path, object_path

_UNFINISHED: Final = ".json.tmp"


def cleared(exc: FileExistsError) -> bool:
    """Whether it was an unfinished sidecar that was in the way; it is not any more.

    Sidecars are written between two awaits of the one server that a folder has, so it is nobody's.
    """
    path = Path(exc.filename or "")
    if META_DIR_NAME not in path.parts or not path.name.endswith(_UNFINISHED):
        return False
    path.unlink(missing_ok=True)
    return True


class SidecarStorage(FilesystemStorage):  # type: ignore[misc]  # nanio has no types
    """Objects as files, whose sidecars are believed only if they fit."""

    def is_finished(self, bucket: str, key: str) -> bool:
        """Whether there is an object whose writer came to its end: of another nobody was ever told that it is there."""
        parts = (object_path(self._data_dir, bucket, key), metadata_path(self._data_dir, bucket, key))
        return all(part.is_file() for part in parts)

    def _read_or_synthesize_metadata(self, bucket: str, key: str, body: Path) -> Any:
        found = super()._read_or_synthesize_metadata(bucket, key, body)
        return found if found.size == body.stat().st_size else synthesize_metadata_from_stat(body, key)
