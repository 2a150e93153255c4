from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from transcoder.probe.groups import CLOSED, FINE, LENGTH, OPEN, groups
from transcoder.probe.packing import unpack

if TYPE_CHECKING:
    from collections.abc import Sequence


def _groups(
    stamps: Sequence[int], positions: Sequence[int], sizes: Sequence[int], keys: bytes, length: int = LENGTH
) -> dict[str, list[int]]:
    found = groups(stamps, positions, sizes, keys, length=length)
    return {name: list(unpack(text)) for name, text in found.items()}


def test_sound_is_cut_by_number() -> None:
    stamps = range(0, 70 * 1024, 1024)
    assert _groups(stamps, range(0, 700, 10), [10] * 70, b"\1" * 70) == {
        "first": [0, 32 * 1024, 64 * 1024], "start": [0, 320, 640], "end": [320, 640, 700], "keys": [1, 1, 1],
    }  # fmt: skip


def test_of_a_source_that_arrives_groups_are_short() -> None:
    found = _groups(range(10), range(0, 100, 10), [10] * 10, b"\1" + bytes(4) + b"\1" + bytes(4), FINE)
    assert found["start"] == [0, 40, 50, 90]


def test_a_key_picture_begins_a_group() -> None:
    keys = bytes((1, 0, 0, 1, 0, 0))
    # The second one is shown behind a picture that follows it.
    found = _groups([0, 2, 1, 5, 3, 4], range(0, 60, 10), [10] * 6, keys)
    assert found == {"first": [0, 3], "start": [0, 30], "end": [30, 60], "keys": [CLOSED, OPEN]}


def test_samples_that_lie_in_another_order() -> None:
    found = _groups([0, 1, 2], [100, 50, 10], [10, 10, 30], bytes((1, 0, 0)))
    assert (found["start"], found["end"]) == ([10], [110])


@given(st.lists(st.tuples(st.integers(0, 1000), st.booleans()), min_size=1, max_size=200))
def test_every_sample_lies_in_a_group(samples: list[tuple[int, bool]]) -> None:
    positions = [10 * number for number in range(len(samples))]
    found = _groups([stamp for stamp, _ in samples], positions, [10] * len(samples), bytes(key for _, key in samples))
    assert found["start"][0] == 0
    assert found["end"][-1] == 10 * len(samples)
    assert found["start"][1:] == found["end"][:-1]
    keys = {10 * number for number, (_, key) in enumerate(samples) if key}
    if len(keys) < len(samples):
        assert min(found["first"]) == min(stamp for stamp, _ in samples)
        assert {start for start, key in zip(found["start"], found["keys"], strict=True) if key} == keys


def test_one_key_picture_in_a_day_costs_no_time() -> None:
    count = 1 << 20
    assert len(_groups(range(count), range(count), [1] * count, b"\1" + bytes(count - 1))["first"]) == count // 32
