"""The folder of profiles. It is read anew for every upload that begins: what an operator saves counts at once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from anyio import to_thread

from streaming.profiles.shelf import ProfileFile, Shelf
from transcoder.encoders import encoders
from transcoder.encryption.common_packager import packager_path
from transcoder.errors import SandboxError
from transcoder.profile_file import SUFFIX, ParsedProfile, parse

if TYPE_CHECKING:
    from pathlib import Path

    from transcoder.profile import Profile

_LARGEST: Final = 64 * 1024

log = logging.getLogger(__name__)


class ProfileFolder:
    """Profiles as files. A folder that is not there has none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._encoders: frozenset[str] | None = None

    async def shelf(self) -> Shelf:
        """What is there now."""
        return await self.known(await to_thread.run_sync(read_folder, self.path))

    async def known(self, shelf: Shelf) -> Shelf:
        """The same, with what this machine's ffmpeg and Shaka Packager cannot make as mistakes."""
        if packager_path() is None:
            shelf = shelf.without_packager()
        if not shelf.asks_for_more:
            return shelf
        if self._encoders is None:
            try:
                self._encoders = await encoders()
            except SandboxError as exc:
                # Workers have their own, and know.
                log.warning("nobody can tell which codecs there are", extra={"cause": str(exc)})
                return shelf
        return shelf.on_this_machine(self._encoders)

    async def chosen(self, name: str, *, tenant: str) -> Profile:
        """The profile of an upload that names this one ("": none). Raises UnknownProfile, BrokenProfile."""
        return (await self.shelf()).chosen(name, tenant=tenant)


def read_folder(path: Path) -> Shelf:
    """The profiles in a folder."""
    found = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else []
    return Shelf.of({file.stem: read_file(file) for file in found if not file.name.startswith(".")})


def read_file(file: Path) -> ProfileFile:
    """One profile; a file that cannot be read is one with mistakes."""
    try:
        with file.open("rb") as opened:
            text = opened.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            return _unreadable(file, f"it has more than {_LARGEST} bytes")
        return ProfileFile(parsed=parse(text.decode("utf-8-sig"), name=file.stem), text=text.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return _unreadable(file, "it is not UTF-8")
    except OSError as exc:
        return _unreadable(file, exc.strerror or "it cannot be read")


def _unreadable(file: Path, why: str) -> ProfileFile:
    return ProfileFile(parsed=ParsedProfile(name=file.stem, errors=(f"{file.name}: {why}",)))
