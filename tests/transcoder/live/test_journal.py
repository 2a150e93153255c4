from __future__ import annotations

from typing import TYPE_CHECKING

from manifests.layout import ChannelId
from manifests.live import change
from tests.transcoder.live import feeds
from transcoder.live import board
from transcoder.live.journal import Journal, Record, clear_others
from transcoder.live.packager import pace_of

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.live.state import LiveRendition

EVENT = feeds.event()
PICTURE = EVENT.rungs[0].id
FIRST, COUNT = 100, 12


def states(count: int = COUNT) -> list[tuple[int, LiveRendition, bytes]]:
    """Segment, state and body of each part: `count` segments, and two parts more."""
    pace = pace_of(EVENT, PICTURE)
    found, state = [], change.begin(pace=pace, number=FIRST, init="init.mp4", window_s=300)
    for place in range(count * pace.parts + 2):
        number, body = FIRST + place // pace.parts, f"{place}|".encode()
        state = change.add_part(
            state, duration=pace.part, size=len(body), now_ms=place, independent=True, pdt_ms=place, picture=1
        )  # fmt: skip
        if place % pace.parts == pace.parts - 1:
            state = change.end_segment(state, now_ms=place)
        found.append((number, state, body))
    return found


def written(folder: Path, *, most: int = 1 << 20) -> LiveRendition:
    journal = Journal(folder, most=most)
    for number, state, body in states():
        for rendition in EVENT.renditions:
            last = journal.add(rendition, number, Record(tail=board.dump_tail(state), body=body))
    last.result()
    journal.close()
    return state


def bodies(number: int) -> bytes:
    return b"".join(body for each, _, body in states() if each == number)


def test_all_that_was_told_is_read_back(tmp_path: Path) -> None:
    state = written(tmp_path)
    found = Journal(tmp_path).states(EVENT, {})
    assert found is not None
    assert set(found) == set(EVENT.renditions)
    assert found[PICTURE].growing == state.growing
    assert [each.number for each in found[PICTURE].segments] == [*range(FIRST, FIRST + COUNT)]
    for segment in (*found[PICTURE].segments, found[PICTURE].growing):
        assert segment is not None
        assert Journal(tmp_path).body(PICTURE, segment) == bodies(segment.number)


def test_what_the_bucket_has_is_forgotten_but_for_the_last(tmp_path: Path) -> None:
    written(tmp_path)
    journal = Journal(tmp_path)
    journal.forget(range(FIRST, FIRST + 10)).result()
    assert journal.states(EVENT, {}) is None, "the tail does not reach back to the beginning"
    _, noted, _ = next(each for each in states() if each[1].last_whole == FIRST + 9)
    found = journal.states(EVENT, dict.fromkeys(EVENT.renditions, noted))
    assert found is not None
    assert [each.number for each in found[PICTURE].segments] == [*range(FIRST, FIRST + COUNT)]
    journal.forget(range(FIRST, FIRST + COUNT + 1)).result()
    assert [path.name for path in (tmp_path / PICTURE).iterdir()] == [str(FIRST + COUNT)]
    journal.clear().result()
    assert not tmp_path.exists()


def test_a_record_that_is_not_whole_ends_it_and_is_written_over(tmp_path: Path) -> None:
    written(tmp_path)
    path = tmp_path / PICTURE / str(FIRST + COUNT)
    path.write_bytes(path.read_bytes()[:-1])
    journal = Journal(tmp_path)
    found = journal.states(EVENT, {})
    assert found is not None
    assert found[PICTURE].growing is not None
    assert found[PICTURE].growing.count == 1
    number, state, body = states()[-1]
    journal.add(PICTURE, number, Record(tail=board.dump_tail(state), body=body)).result()
    journal.close()
    assert state.growing is not None
    assert Journal(tmp_path).body(PICTURE, state.growing) == bodies(number)


def test_the_oldest_go_when_there_is_no_room(tmp_path: Path) -> None:
    written(tmp_path, most=40_000)
    kept = sorted(int(path.name) for path in (tmp_path / PICTURE).iterdir())
    assert kept == [*range(kept[0], FIRST + COUNT + 1)]
    assert kept[0] > FIRST
    assert sum(path.stat().st_size for path in tmp_path.glob("*/*")) <= 40_000


def test_a_disk_that_takes_nothing_harms_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.write_bytes(b"")  # no folder can be made here
    state = written(folder)
    assert Journal(folder).states(EVENT, {PICTURE: state}) is None
    assert Journal(folder).read_fact("event") is None


def test_facts_and_writers(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.fact("channel:live:a:event", b"one")
    journal.fact("channel:live:a:event", b"two")
    journal.writer("ab")
    journal.writer("cd").result()
    again = Journal(tmp_path)
    assert (again.read_fact("channel:live:a:event"), again.read_fact("else")) == (b"two", None)
    assert again.writers() == {"ab", "cd"}


def test_what_nobody_goes_on_with_is_cleared(tmp_path: Path) -> None:
    for name in ("arena/1", "arena/2", "gone/1"):
        (tmp_path / name / "v").mkdir(parents=True)
    clear_others(tmp_path, {ChannelId("arena"): 2})
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*")] == ["arena/2"]
