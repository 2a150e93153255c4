from __future__ import annotations

from fractions import Fraction

from streaming.live.ingest.publisher import Container, Place, Publisher, Way
from streaming.live.timeline.scte35.splice import WRAP, Splice
from streaming.live.timeline.scte35.tap import SpliceTap
from tests.manifests.live.paces import DAWN
from tests.streaming.live.timeline.scte35 import spliced
from tests.streaming.live.timeline.scte35.spliced import SECOND, SPLICES, Stream
from transcoder.live.opening import Opening


def opening(*, start: int) -> Opening:
    """Of a stream whose clock shows `start` µs at dawn."""
    return Opening(
        width=64, height=36, sar=Fraction(1), rate=Fraction(25), interlaced=False, video_codec="h264",
        audio_codec="", channels=0, anchor=DAWN, start=start,
    )  # fmt: skip


class Listener:
    def __init__(self, *, container: Container = Container.MPEG_TS, way: Way = Way.SRT) -> None:
        self.now = DAWN
        self.heard: list[tuple[int, Splice]] = []
        publisher = Publisher(
            channel="arena", place=Place.PRIMARY, key_id="k", way=way, address="", container=container
        )  # fmt: skip
        self.stream = Stream()
        self.tap = SpliceTap(publisher, lambda splice, at: self.heard.append((at, splice)), lambda: self.now)
        self.tap.take(self.stream.tables())

    def says(self, section: bytes, *, clock: int | None = None) -> int | None:
        """How many ms after dawn the splice is, if it is heard."""
        before = len(self.heard)
        ticks = b"" if clock is None else self.stream.clock(clock)
        self.tap.take(ticks + self.stream.sections(SPLICES, section))
        return self.heard[-1][0] - DAWN if len(self.heard) > before else None


def out(pts: int | None, *, event: int = 1) -> bytes:
    return spliced.insert(event, None if pts is None else pts % WRAP, out=True)


def test_a_splice_is_at_the_moment_of_the_picture_that_has_its_time() -> None:
    feed = Listener()
    feed.tap.settle(opening(start=1_400_000))
    feed.now += 3000
    assert feed.says(out(126_000 + 8 * SECOND)) == 8000
    assert feed.says(spliced.insert(2, 126_000, out=True, adjustment=9 * SECOND)) == 9000
    assert feed.says(out(None)) == 3000


def test_what_is_said_before_the_stream_is_known_waits() -> None:
    feed = Listener()
    assert feed.says(out(10 * SECOND)) is None
    feed.now += 700
    feed.tap.settle(opening(start=1_000_000))
    assert [at - DAWN for at, _ in feed.heard] == [9000]


def test_the_clock_of_the_stream_goes_round() -> None:
    feed = Listener()
    feed.tap.settle(opening(start=(WRAP - 2 * SECOND) * 100 // 9))
    feed.now += 1000
    assert feed.says(out(WRAP + SECOND)) == 3000
    feed.now = DAWN + 50 * 3_600_000  # nearly twice
    assert feed.says(out(WRAP - 2 * SECOND + (50 * 3600 + 5) * SECOND)) == 50 * 3_600_000 + 5000


def test_a_stream_that_begins_anew_goes_on() -> None:
    feed = Listener()
    feed.tap.settle(opening(start=0))
    feed.now += 60_000
    assert feed.says(out(64 * SECOND), clock=60 * SECOND) == 64_000
    assert feed.says(out(5 * SECOND), clock=SECOND) == 64_000


def test_segments_that_come_whole_are_no_new_beginning() -> None:
    feed = Listener(way=Way.HLS)
    feed.tap.settle(opening(start=0))
    assert feed.says(out(22 * SECOND), clock=20 * SECOND) == 22_000


def test_a_moment_that_cannot_be_meant_is_now() -> None:
    feed = Listener()
    feed.tap.settle(opening(start=0))
    assert feed.says(out(5 * 3600 * SECOND)) == 0


def test_a_feed_that_says_nothing_else_does_no_harm() -> None:
    feed = Listener()
    feed.tap.settle(opening(start=0))
    heard = [feed.says(out(None, event=number)) for number in range(100)]
    assert len([each for each in heard if each is not None]) == 32
    feed.now += 2000
    assert feed.says(out(None, event=200)) == 2000


def test_repetitions_and_broken_sections_are_not_heard() -> None:
    feed = Listener()
    feed.tap.settle(opening(start=0))
    assert feed.says(out(SECOND)) == 1000
    assert feed.says(out(SECOND)) is None
    assert feed.says(out(2 * SECOND)[:-1] + b"\0") is None
    assert feed.says(out(2 * SECOND)) == 2000


def test_only_transport_streams_have_splices() -> None:
    feed = Listener(container=Container.FLV)
    feed.tap.settle(opening(start=0))
    assert feed.says(out(SECOND)) is None
