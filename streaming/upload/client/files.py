"""Which files to upload: those that were named, and the media in folders that were named."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transcoder.errors import SourceRefused
from transcoder.sniff import HEAD, sniff

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Files to upload, in order, and files of folders that are passed over, with the reason."""

    wanted: tuple[Path, ...]
    skipped: tuple[tuple[Path, str], ...]


def find(named: Iterable[Path]) -> Found:
    """A file that was named is wanted whatever it is: the server says what is wrong with it. Of a folder, those files
    are wanted that begin like media; hidden ones are not even looked at. Links to folders are not followed."""
    wanted: dict[Path, None] = {}
    skipped: list[tuple[Path, str]] = []
    for path in named:
        if not path.is_dir():
            wanted[path] = None
            continue
        for file in _walk(path):
            reason = _refusal(file)
            if reason is None:
                wanted[file] = None
            else:
                skipped.append((file, reason))
    return Found(wanted=tuple(wanted), skipped=tuple(skipped))


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(root, name)
            if not name.startswith(".") and path.is_file():
                yield path


def _refusal(file: Path) -> str | None:
    try:
        with file.open("rb") as opened:
            head = opened.read(HEAD)
            opened.seek(max(file.stat().st_size - HEAD, 0))
            sniff(head, opened.read(HEAD))
    except SourceRefused as exc:
        return str(exc).partition(". ")[0]
    except OSError as exc:
        return exc.strerror or str(exc)
    return None
