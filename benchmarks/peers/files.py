"""Looking at what a peer has put into its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from benchmarks.peers.job import Job
    from manifests.layout import RenditionId

_MEDIA: Final = frozenset({".m4s", ".mp4", ".m3u8"})


def lists_segment(playlist: Path) -> bool:
    """Whether a media playlist is there and lists a segment."""
    return playlist.exists() and "#EXTINF" in playlist.read_text()


def size_of(folder: Path) -> int:
    """Bytes of all media and playlists below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.suffix in _MEDIA)


def pictures_of(job: Job, found: Iterable[Path]) -> dict[RenditionId, Path]:
    """What was found for each rung, largest first, by the rung's id."""
    return {rung.id: path for rung, path in zip(job.rungs, found, strict=True)}
