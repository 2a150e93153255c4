"""What a killed S3 server leaves: unfinished bodies, and objects whose sidecar is not the one that belongs to them.

nanio writes an object in four steps: the body under another name, its rename, the sidecar (type, ETag, size) under
another name, its rename. A kill before the first rename leaves a file that is listed like an object, later ones
a body without a sidecar, or with that of the object before it, and an unfinished sidecar that nanio will not write
over, so that this object could never be written again.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any, Final

from nanio.errors import NoSuchKey
from nanio.storage.filesystem import FilesystemStorage
from nanio.storage.metadata import synthesize_metadata_from_stat
from nanio.storage.paths import META_DIR_NAME, metadata_path, object_path

_UNFINISHED: Final = ".json.tmp"
_BODY: Final = re.compile(r"\.tmp\.[0-9a-f]{32}")


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
    """Objects as files. Sidecars are believed only if they fit; an unfinished body is no object, and goes as soon as
    somebody meets it whose writer cannot live any more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._began = time.time()

    def is_finished(self, bucket: str, key: str) -> bool:
        """Whether there is an object whose writer came to its end: of another nobody was ever told that it is there."""
        parts = (object_path(self._data_dir, bucket, key), metadata_path(self._data_dir, bucket, key))
        return all(part.is_file() for part in parts)

    def _read_or_synthesize_metadata(self, bucket: str, key: str, body: Path) -> Any:
        if _BODY.fullmatch(body.name):
            if body.stat().st_mtime < self._began:
                body.unlink(missing_ok=True)
            raise NoSuchKey(resource=f"{bucket}/{key}")
        found = super()._read_or_synthesize_metadata(bucket, key, body)
        return found if found.size == body.stat().st_size else synthesize_metadata_from_stat(body, key)
