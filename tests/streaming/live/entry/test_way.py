"""What another decoder is given, wherever in a stream the one before it died: what a demuxer makes of it."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.live.entry.way import entry_of
from streaming.live.ingest.publisher import Container
from tests.streaming.live.health.test_scanners import EACH, FRAGMENTED, HEVC
from transcoder.live.arrivals import Arrivals
from transcoder.live.opening import read_opening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streaming.live.entry.way import Entry

STREAMS = [
    (Container.FLV, ()),
    (Container.FLV, HEVC),  # Enhanced RTMP
    (Container.MPEG_TS, ()),
    (Container.MPEG_TS, HEVC),
    (Container.MP4, FRAGMENTED),
    (Container.MP4, EACH),
]
BEGAN = 1_795_000_000_000
"""Ms since the epoch."""


def pieces(stream: bytes, chance: random.Random) -> Iterator[bytes]:
    """As a network makes them."""
    at = 0
    while at < len(stream):
        size = chance.choice([1, 7, 188, 1316, 5000])
        yield stream[at : at + size]
        at += size


def entered(entry: Entry, stream: bytes, *, shut: int, chance: random.Random) -> bytes:
    """What passes once it was shut behind the first `shut` bytes."""
    for piece in pieces(stream[:shut], chance):
        assert entry.passed(piece) == piece
    entry.shut()
    return b"".join(entry.passed(piece) for piece in pieces(stream[shut:], chance))


def demuxed(stream: bytes, form: Container) -> tuple[list[tuple[int, bytes]], list[tuple[int, bytes]], bytes]:
    """Pictures and sound, by their time stamps, and the decoder's configuration."""
    with av.open(io.BytesIO(stream), format=form.value) as container:
        packets = [each for each in container.demux() if each.pts is not None]
        of = {
            kind: [(each.pts or 0, bytes(each)) for each in packets if each.stream.type == kind]
            for kind in ("video", "audio")
        }
        return of["video"], of["audio"], container.streams.video[0].codec_context.extradata or b""


def keys(stream: bytes, form: Container) -> list[int]:
    with av.open(io.BytesIO(stream), format=form.value) as container:
        video = [each for each in container.demux(video=0) if each.pts is not None]
        return [place for place, each in enumerate(video) if each.is_keyframe]


@pytest.mark.parametrize(("form", "options"), STREAMS)
def test_it_begins_with_the_next_key_picture_and_misses_nothing_behind_it(
    form: Container, options: tuple[str, ...], stream_of: Callable[..., bytes]
) -> None:
    stream = stream_of(form.value, *options)
    pictures, sound, configuration = demuxed(stream, form)
    begins = keys(stream, form)
    last, seen = 0, set()
    for part in range(2, 16):
        chance = random.Random(part)
        shut = len(stream) * part // 16 + chance.randrange(188)
        given = entered(entry_of(form), stream, shut=shut, chance=chance)
        if not given:  # no key picture came any more
            assert last == begins[-1]
            continue
        shown, heard, said = demuxed(given, form)
        first = len(pictures) - len(shown)
        assert shown == pictures[first:]
        assert said == configuration
        assert heard == sound[len(sound) - len(heard) :]
        # Not one that had passed: the decoder may have died of it. Nor one behind the next.
        assert first in begins[1:]
        assert first >= last
        assert len(given) < len(stream) - shut + 20_000
        last = first
        seen.add(first)
    assert seen == set(begins[1:])


@pytest.mark.parametrize("form", Container)
def test_it_can_be_shut_again_and_again(form: Container, stream_of: Callable[..., bytes]) -> None:
    stream = stream_of(form.value, *(FRAGMENTED if form is Container.MP4 else ()))
    entry, chance = entry_of(form), random.Random(3)
    given = b""
    for count, piece in enumerate(pieces(stream, chance)):
        if count % 9 == 5:
            entry.shut()
            given = b""
        given += entry.passed(piece)
    if given:
        shown, _, _ = demuxed(given, form)
        assert shown == demuxed(stream, form)[0][-len(shown) :]


@pytest.mark.parametrize(
    ("form", "options"), [(Container.FLV, ()), (Container.MPEG_TS, ()), (Container.MP4, FRAGMENTED)]
)
async def test_its_pictures_are_at_the_moments_at_which_they_came(
    form: Container, options: tuple[str, ...], stream_of: Callable[..., bytes]
) -> None:
    """The stream's clock is tied to ours as it was before, though it is another decoder's that reads it."""
    stream = stream_of(form.value, *options)
    sent, entry = 0, entry_of(form)
    ties = []
    for begin, end in ((0, len(stream) // 2), (len(stream) // 2, len(stream))):
        arrivals = Arrivals(lambda: BEGAN + 2000 * sent // len(stream))  # noqa: B023 - read at once
        for sent in range(begin, end, 100):
            await arrivals.put(entry.passed(stream[sent : min(sent + 100, end)]))
        arrivals.end()
        entry.shut()
        opening = await read_opening(arrivals, demuxer=form.value)
        assert opening.channels == 1
        ties.append(opening.anchor * 1000 - opening.start)
    # The bytes of a stream are not spread over its time evenly.
    assert abs(ties[1] - ties[0]) < 200_000


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=2000), seed=st.integers(0, 99), data=st.data())
def test_no_bytes_make_it_fail_or_hold_on_to_them(body: bytes, seed: int, data: st.DataObject) -> None:
    begin = data.draw(st.sampled_from([b"", b"FLV\1\5\0\0\0\x09\0\0\0\0\x09", b"\x47\x40\0\x10\0", b"\0\0\0\x40moof"]))
    stream = begin + body
    for form in Container:
        given = entered(entry_of(form), stream, shut=len(stream) // 3, chance=random.Random(seed))
        assert len(given) <= 2 * len(stream)


def test_damaged_streams_do_no_harm(stream_of: Callable[..., bytes]) -> None:
    for form in Container:
        whole = stream_of(form.value, *(FRAGMENTED if form is Container.MP4 else ()))
        for seed in range(10):
            damage, stream = random.Random(seed), bytearray(whole)
            for _ in range(30):
                stream[damage.randrange(len(stream))] = damage.randrange(256)
            entered(entry_of(form), bytes(stream), shut=len(stream) // 3, chance=damage)
