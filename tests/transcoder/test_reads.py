from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import av
import pytest

from manifests.layout import AssetId
from transcoder.index import index_source
from transcoder.plan import SourceRef
from transcoder.planner import make_plan
from transcoder.probe.groups import CLOSED, FINE, OPEN
from transcoder.reads import ByteGroups, source_reads

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from transcoder.plan import Plan, Span


async def _plan(path: Path, demuxer: str = "mov") -> Plan:
    index = await index_source(path, demuxer=demuxer)
    source = SourceRef(key="sources/a/1", size=path.stat().st_size, demuxer=demuxer)
    return make_plan(asset=AssetId("a"), version=1, source=source, index=index)


@pytest.mark.parametrize("name", ["real/androidx_london_rooftop_360p30_aac.mp4", "odd/x_moov_at_end.mp4"])
async def test_segments_follow_each_other_in_the_file(name: str, media: Path) -> None:
    plan = await _plan(media / name)
    assert plan.reads is not None
    assert plan.video is not None
    assert len(plan.reads.video) == plan.video.segments
    assert {track: len(spans) for track, spans in plan.reads.audio.items()} == {
        track.id: track.segments for track in plan.audio
    }
    for spans in (plan.reads.video, *plan.reads.audio.values()):
        assert list(spans) == sorted(spans)
        assert _covered([*spans, *plan.reads.head]) > 0.9 * plan.source.size, "all of the file is somebody's"
    late = plan.reads.video[-1]
    assert late[1] - late[0] < plan.source.size / 2 or plan.video.segments < 3


def _covered(spans: Sequence[Span]) -> int:
    done = total = 0
    for start, end in sorted(spans):
        total += max(0, end - max(start, done))
        done = max(done, end)
    return total


async def test_a_file_without_tables_lists_nothing(media: Path) -> None:
    assert (await _plan(media / "odd" / "mdn_flower_fragmented.mp4")).reads is None
    assert (await _plan(media / "odd" / "tmh_VP9-tractor.webm", "matroska")).reads is None


async def test_pictures_that_are_shown_before_their_key_picture_need_the_one_before(media: Path) -> None:
    path = media / "odd" / "ax_long_1080p_lowbitrate.mp4"
    index = await index_source(path, demuxer="mov")
    plan = await _plan(path)
    assert plan.video is not None
    for kind, first in ((CLOSED, 2), (OPEN, 1)):
        groups = _one_group_a_segment(plan.video.starts, kind)
        changed = replace(index, head=((0, 10),), audio=(), video=(replace(index.video[0], groups=groups),))
        reads = source_reads(changed, plan.video, ())
        assert reads is not None
        assert reads.head == ((0, 4096),)
        assert reads.video[2] == (1000 * first, 1000 * 6)


@pytest.mark.parametrize("behind", [0, 1, 4, 5, 96])
async def test_what_is_read_behind_a_segment_is_counted_in_samples(media: Path, behind: int) -> None:
    """Groups of a source that arrives are short, and its windows need no less for that."""
    path = media / "real" / "flutter_butterfly_720p30_aac.mp4"
    index = await index_source(path, demuxer="mov", length=path.stat().st_size)
    plan = await _plan(path)
    assert plan.video is not None
    groups = index.video[0].groups
    assert groups is not None
    assert groups.length == FINE
    reads = source_reads(index, plan.video, plan.audio, behind=behind)
    assert reads is not None
    with av.open(str(path)) as container:
        packets = list(container.demux(container.streams.video[0]))
    until = next(n for n, each in enumerate(packets) if each.pts is not None and each.pts >= plan.video.starts[1])
    wanted, more = packets[until - 1 + behind], packets[until + 2 * FINE + behind]
    assert wanted.pos is not None
    assert more.pos is not None
    assert wanted.pos + wanted.size <= reads.video[0][1] <= more.pos + more.size


def _one_group_a_segment(starts: Sequence[int], kind: int) -> ByteGroups:
    places = range(len(starts))
    return ByteGroups(
        first=list(starts),
        start=[1000 * place for place in places],
        end=[1000 * (place + 1) for place in places],
        keys=[kind] * len(starts),
    )
