"""Parsers that nobody here wrote read what live renditions become: hls-parser in strict mode, hls.js as players do.

hls.js also merges delta updates into what it knows, as a player does: the result must be the whole playlist.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from manifests.hls import DateRange, date_time
from manifests.live import change, timeline
from manifests.live.iframes import IFrameTexts
from manifests.live.playlist import Reported
from manifests.live.state import Pace
from manifests.live.texts import Texts
from manifests.live.timeline import EMPTY
from manifests.live.updates import Skipping
from tests.manifests.live.paces import DAWN, THIRDS, begun, later
from tests.manifests.live.programs import ROOT, node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.live.state import LiveRendition
    from manifests.live.timeline import Timeline

SOUND = Pace(timescale=48_000, part=15 * 1024, parts=6, target_duration=2)
PARSER = """
const HLS = require("hls-parser");
HLS.setOptions({strictMode: true});
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const told = texts.map((text) => {
  try {
    const found = HLS.parse(text);
    const parts = found.segments.flatMap((segment) => segment.parts).length;
    return [found.segments.filter((segment) => segment.uri).length, parts, found.prefetchSegments.length, found.skip];
  } catch (error) {
    return `refused: ${error.message}`;
  }
});
process.stdout.write(JSON.stringify(told));
"""


def afternoon(*, whole: bool = False) -> Iterator[tuple[LiveRendition, Timeline]]:
    """Everything that can happen, in steps: interruptions, gaps, other init sections, date ranges that come and go.

    `whole`: no segment is cut short.
    """
    state, ranges = later(begun(window_s=16), 6), EMPTY
    for step in range(70):
        state = later(state, 1 + step % 4)
        is_cut = state.growing is not None
        if step % 17 == 11 and not (whole and is_cut):
            state = later(change.discontinue(state, init=f"init-{step}.mp4", now_ms=0), 1)
        if step % 23 == 13 and not (whole and is_cut):
            state = change.add_gap(state, now_ms=state.changed_ms + 1920)
        if step % 5 == 0:
            start = date_time.from_ms(DAWN + 500 * step)
            tag = DateRange(id=f"range-{step}", start=start, duration=Fraction(step % 7))
            ranges = timeline.add(ranges, tag, now_ms=state.changed_ms, position=state.edge)
        assert state.first_ms is not None
        ranges = timeline.prune(ranges, first_ms=state.first_ms, now_ms=state.changed_ms, remembered_ms=12_000)
        yield state, ranges


def test_hls_parser_in_strict_mode_takes_them_all() -> None:
    sound, video = later(begun(SOUND), 20), later(begun(), 20)
    others = Reported(media={"../sound/index.m3u8": sound}, iframes={"../v/iframes.m3u8": video})
    texts, pictures = Texts(), IFrameTexts()
    found = [Texts().full(later(begun(THIRDS), 33)), Texts().full(later(begun(), 1))]
    # Which parts are too old it judges by the number of segments, so all of them have their full length.
    for state, ranges in afternoon(whole=True):
        now = state.changed_ms
        found.append(texts.full(state, timeline=ranges, others=others))
        found.append(texts.plain(state, timeline=ranges))
        found += [texts.delta(state, each, now_ms=now, timeline=ranges, others=others) for each in Skipping]
        found.append(pictures.full(state, timeline=ranges, others=others))
        found += [pictures.delta(state, each, now_ms=now, timeline=ranges, others=others) for each in Skipping]
    found.append(Texts().full(change.end(later(begun(), 40), now_ms=0), others=others))
    # It wants version 8 for EXT-X-GAP, which RFC 8216bis §8 does not.
    texts_for_it = [text.replace("#EXT-X-VERSION:6", "#EXT-X-VERSION:8") for text in found]
    broken = texts_for_it[0].replace("#EXT-X-PART-INF:", "#EXT-X-PART-INFO:")
    *told, of_broken = node(["-e", PARSER], [*texts_for_it, broken])
    assert [each for each in told if isinstance(each, str)] == []
    assert str(of_broken).startswith("refused")
    assert told[0] == [5, 16, 0, 0]


@pytest.mark.parametrize("kind", [Texts, IFrameTexts])
def test_hls_js_puts_delta_updates_together_as_if_it_had_loaded_the_whole(kind: type[Texts | IFrameTexts]) -> None:
    texts, pairs = kind(), []
    for state, ranges in afternoon():
        others = Reported(media={"../sound/index.m3u8": state})
        pairs.append((
            texts.full(state, timeline=ranges, others=others),
            texts.delta(state, Skipping.DATE_RANGES, now_ms=state.changed_ms, timeline=ranges, others=others),
        ))  # fmt: skip
    program = ROOT / "tests" / "manifests" / "live" / "play_in_hls_js.mjs"
    told = node([str(program), str(ROOT / "web" / "node_modules" / "hls.js" / "dist" / "hls.mjs")], pairs)
    assert told["errors"] == []
    assert told["merged"] == told["whole"]
    assert sum(count > 0 for count in told["skipped"]) > 30
    assert {segment[1] for one in told["whole"] for segment in one["segments"]} >= {0, 1, 2, 3}
    named = [segment for one in told["whole"] for segment in one["segments"]]
    assert [segment[6] for segment in named] == [
        [0, 100 + segment[0]] if kind is IFrameTexts and not segment[5] else [] for segment in named
    ]
    assert any(one["ranges"] for one in told["whole"])
    assert all(one["reports"] == 1 for one in told["whole"])
