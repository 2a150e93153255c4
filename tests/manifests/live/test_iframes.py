from __future__ import annotations

from dataclasses import replace

from manifests import hls
from manifests.hls import ByteRange, DateRange, MediaPlaylist, date_time
from manifests.live import change, timeline
from manifests.live.iframes import IFrameTexts
from manifests.live.playlist import Reported
from manifests.live.texts import Texts
from manifests.live.timeline import EMPTY
from manifests.live.updates import Skipping
from tests.manifests.live.paces import DAWN, begun, later
from tests.manifests.live.test_players import SOUND, afternoon
from tests.manifests.live.test_texts import golden

GOLDEN = """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12,CAN-SKIP-DATERANGES=YES,HOLD-BACK=6,PART-HOLD-BACK=1.32
#EXT-X-MEDIA-SEQUENCE:40
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-I-FRAMES-ONLY
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="init-1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:00.000Z
#EXTINF:0.64,
#EXT-X-BYTERANGE:140@0
40.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:00.640Z
#EXT-X-GAP
#EXTINF:0.32,
41.m4s
#EXT-X-DATERANGE:ID="goal",START-DATE="2026-11-22T08:00:00.500Z",X-TEAM="FRA"
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init-2.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:00.960Z
#EXTINF:1.92,
#EXT-X-BYTERANGE:142@0
42.m4s
#EXT-X-RENDITION-REPORT:URI="index.m3u8",LAST-MSN=42,LAST-PART=5
#EXT-X-RENDITION-REPORT:URI="../sound/index.m3u8",LAST-MSN=41,LAST-PART=1
#EXT-X-RENDITION-REPORT:URI="../v/iframes.m3u8",LAST-MSN=42
"""


def read(text: str) -> MediaPlaylist:
    found = hls.parse(text)
    assert isinstance(found, MediaPlaylist)
    return found


def test_golden() -> None:
    state, found = golden()
    state = later(state, 5)
    others = Reported(
        media={"index.m3u8": state, "../sound/index.m3u8": later(begun(SOUND), 8)},
        iframes={"../v/iframes.m3u8": state, "../w/iframes.m3u8": later(begun(), 3)},
    )
    assert IFrameTexts().full(state, timeline=found, others=others) == GOLDEN


def test_it_is_the_media_playlist_with_a_range_of_each_segment() -> None:
    texts, pictures = Texts(), IFrameTexts()
    for state, ranges in afternoon():
        whole, found = (
            read(texts.plain(state, timeline=ranges)),
            read(pictures.full(state, timeline=ranges)),
        )
        assert found.iframes_only
        assert [each.byte_range for each in found.segments] == [
            None if segment.gap else ByteRange(start=0, length=100 + segment.number) for segment in state.segments
        ]
        bare = replace(found, iframes_only=False, server_control=None)
        assert replace(bare, segments=tuple(replace(each, byte_range=None) for each in found.segments)) == whole


def test_a_segment_that_grows_is_not_listed_yet_but_what_was_said_in_it_is() -> None:
    state = later(begun(), 8)
    ranges = timeline.add(EMPTY, DateRange(id="a", start=date_time.from_ms(DAWN)), now_ms=DAWN, position=state.edge)
    state = later(state, 1)
    early = IFrameTexts().full(state, timeline=ranges)
    assert [each.uri for each in read(early).segments] == ["40.m4s"]
    # Lines are added at the end alone (RFC 8216bis §6.2.1).
    assert IFrameTexts().full(later(state, 3), timeline=ranges).startswith(early)


def test_what_begins_with_no_key_picture_has_nothing_to_load() -> None:
    state = change.add_part(begun(), duration=28_800, size=9, now_ms=0, pdt_ms=DAWN)
    (listed,) = read(IFrameTexts().full(change.end_segment(state, now_ms=0))).segments
    assert (listed.gap, listed.byte_range) == (True, None)


def test_only_the_first_picture_of_a_dense_segment_counts() -> None:
    state = begun()
    for place in range(6):
        state = change.add_part(
            state, duration=28_800, size=900, now_ms=0, pdt_ms=DAWN, independent=True, picture=300 + place
        )  # fmt: skip
    (listed,) = read(IFrameTexts().full(change.end_segment(state, now_ms=0))).segments
    assert listed.byte_range == ByteRange(start=0, length=300)


def test_it_ends_with_its_event() -> None:
    found = read(IFrameTexts().full(change.end(later(begun(), 8), now_ms=0)))
    assert found.ended
    assert [float(each.duration) for each in found.segments] == [1.92, 0.64]


def test_a_delta_update_leaves_out_what_is_behind_the_skip_boundary() -> None:
    state = later(begun(), 6 * 20 + 2)
    whole = read(IFrameTexts().full(state))
    for skipping in Skipping:
        delta = read(IFrameTexts().delta(state, skipping, now_ms=state.changed_ms))
        assert delta.skip is not None
        assert (delta.skip.segments, delta.segments) == (13, whole.segments[13:])
        short = later(begun(), 6 * 6)
        assert IFrameTexts().delta(short, skipping, now_ms=0) == IFrameTexts().full(short)
