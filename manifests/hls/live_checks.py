"""What has to go together in a playlist of something live (RFC 8216bis §4.4.3.7 to §4.4.5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests.errors import PlaylistError
from manifests.hls import date_range, part, preload_hint, segment, server_control
from manifests.hls.segment import SegmentHead

if TYPE_CHECKING:
    from manifests.hls.media import MediaPlaylist


def check(playlist: MediaPlaylist) -> None:
    """Raises PlaylistError."""
    heads: list[SegmentHead] = [*playlist.segments]
    if playlist.growing is not None:
        heads.append(playlist.growing)
    if playlist.server_control is not None:
        playlist.server_control.check(
            target_duration=playlist.target_duration, part_target=playlist.part_target
        )  # fmt: skip
    elif playlist.part_target is not None:
        raise PlaylistError(f"{part.INF} needs {server_control.TAG} with PART-HOLD-BACK (§4.4.3.8)")
    _check_parts(playlist, heads)
    _check_date_ranges(playlist, heads)
    _check_growing(playlist)
    if playlist.map is None and heads and heads[0].map is not None and not heads[0].discontinuity:
        raise PlaylistError(f"{segment.MAP} in front of the first segment is that of the playlist")
    kinds = [each.type for each in playlist.preload_hints]
    if playlist.ended and kinds:
        raise PlaylistError(f"{preload_hint.TAG} must not stand where nothing comes any more (§4.4.5.3)")
    if len(set(kinds)) != len(kinds):
        raise PlaylistError(f"{preload_hint.TAG}: one of each TYPE (§6.2.6)")


def _check_parts(playlist: MediaPlaylist, heads: list[SegmentHead]) -> None:
    hints_at_part = any(each.type == "PART" for each in playlist.preload_hints)
    if playlist.iframes_only and (
        playlist.part_target is not None or hints_at_part or any(each.parts for each in heads)
    ):
        raise PlaylistError(f"{part.TAG} has no place among I-frames (§4.4.4.9)")
    for head in heads:
        if not head.parts:
            continue
        if playlist.part_target is None:
            raise PlaylistError(f"{part.TAG} needs {part.INF} (§4.4.3.7)")
        part.check_durations(head.parts, playlist.part_target)


def _check_date_ranges(playlist: MediaPlaylist, heads: list[SegmentHead]) -> None:
    ranges = [each for head in heads for each in head.date_ranges]
    if ranges and playlist.skip is None:  # what a delta update leaves out is not there to be checked
        date_range.consolidate(ranges)
    if ranges and all(head.program_date_time is None for head in heads):
        raise PlaylistError(f"{date_range.TAG} needs {segment.PROGRAM_DATE_TIME} (§4.4.5.1)")


def _check_growing(playlist: MediaPlaylist) -> None:
    head = playlist.growing
    if head is None:
        return
    if not head.parts and head != SegmentHead(before=head.before):
        raise PlaylistError("tags that belong to no URI and no part")
    if head.parts and playlist.ended:
        raise PlaylistError("a segment that ends no more (§4.4.3.4)")
