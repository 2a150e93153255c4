from __future__ import annotations

from dataclasses import replace

import pytest

from streaming.live.ingest.errors import ProtocolFault
from streaming.live.ingest.http.joiner import Joiner, choose
from streaming.live.ingest.http.tracks import Fragment, Header, TrackReader, Unit
from tests.fuzz.corpus import SEEDS

CLIP = (SEEDS / "pushed_tracks" / "picture").read_bytes()


def read(body: bytes) -> list[Unit]:
    return list(TrackReader().read(body))


@pytest.fixture
def header() -> Header:
    found = read(CLIP)[0]
    assert isinstance(found, Header)
    return found


@pytest.fixture
def fragment() -> Fragment:
    found = read(CLIP)[1]
    assert isinstance(found, Fragment)
    return found


def like(header: Header, kind: bytes, size: int = 0) -> Header:
    """A header whose one track is of another kind and size."""
    return replace(header, tracks=(replace(header.tracks[0], kind=kind, size=size),))


def test_a_track_is_read_however_its_bytes_arrive() -> None:
    reader = TrackReader()
    found = [unit for at in range(len(CLIP)) for unit in reader.read(CLIP[at : at + 1])]
    assert found == read(CLIP)
    assert reader.is_between


def test_the_largest_picture_and_the_first_sound_are_chosen(header: Header) -> None:
    small, large = like(header, b"vide", 100), like(header, b"vide", 200)
    sound = like(header, b"soun")
    chosen = choose({"small": small, "sound": sound, "large": large, "other": sound, "text": like(header, b"text")})
    assert [(each.name, each.number) for each in chosen] == [("large", 1), ("sound", 2)]
    assert choose({"text": like(header, b"text")}) == ()


def test_tracks_are_numbered_anew(header: Header, fragment: Fragment) -> None:
    joiner = Joiner({"sound": like(header, b"soun"), "picture": header})
    (begun,) = read(joiner.begins())
    assert isinstance(begun, Header)
    assert [track.id for track in begun.tracks] == [1, 2]
    for name, number in (("picture", 1), ("sound", 2)):
        (joined,) = read(joiner.fragment(name, fragment))
        assert isinstance(joined, Fragment)
        assert joined.times == ((number, fragment.times[0][1]),)
        assert joined.mdat == fragment.mdat
    assert joiner.fragment("nobody", fragment) == b""


def test_what_comes_again_is_left_out(header: Header, fragment: Fragment) -> None:
    joiner = Joiner({"picture": header})
    assert joiner.fragment("picture", fragment)
    assert joiner.is_behind("picture", fragment)
    assert joiner.fragment("picture", fragment) == b""
    later = replace(fragment, times=((fragment.times[0][0], fragment.times[0][1] + 1),))
    assert joiner.fragment("picture", later)


def test_what_was_not_chosen_is_taken_out_of_a_fragment_with_what_was(header: Header, fragment: Fragment) -> None:
    joiner = Joiner({"picture": replace(header, tracks=(replace(header.tracks[0], id=7),))})
    both = replace(fragment, times=(*fragment.times, (7, 5)))
    joined = joiner.fragment("picture", both)
    assert len(joined) == len(fragment.moof) + len(fragment.mdat)
    assert b"traf" not in joined[: len(fragment.moof)]


def test_headers_that_change_the_choice_want_another_file(header: Header) -> None:
    joiner = Joiner({"picture": header})
    assert joiner.is_settled_by({"picture": header, "text": like(header, b"text")})
    assert not joiner.is_settled_by({"picture": header, "sound": like(header, b"soun")})


@pytest.mark.parametrize(
    "bent",
    [
        CLIP.replace(b"moof", b"mooq", 1),
        CLIP.replace(b"trex", b"trey", 1),
        CLIP.replace(b"tkhd", b"tkhe", 1),
        CLIP.replace(b"tfdt", b"tfdu", 1),
        CLIP.replace(b"tfhd", b"tfhe", 1),
        CLIP[CLIP.index(b"mdat") - 4 :],
        (1 << 30).to_bytes(4, "big") + b"mdat",
        b"\0\0\0\x04moof",
    ],
)
def test_what_is_no_track_is_refused(bent: bytes) -> None:
    with pytest.raises(ProtocolFault):
        read(bent)
