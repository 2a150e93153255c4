from __future__ import annotations

from transcoder.live.upload_pace import AT_ONCE, UploadPace


def test_one_refusal_among_successes_asks_for_less_at_a_time() -> None:
    pace = UploadPace()
    pace.refused()
    assert (pace.width, pace.takes_nothing) == (AT_ONCE // 2, False)
    pace.taken()
    assert pace.width == AT_ONCE // 2 + 1


def test_a_bucket_that_takes_nothing_is_asked_by_one_ever_more_rarely() -> None:
    pace = UploadPace()
    for _ in range(4):
        pace.refused()
    assert (pace.width, pace.takes_nothing) == (1, True)
    assert [pace.rest() for _ in range(7)] == [0.25, 0.5, 1, 2, 4, 5, 5]
    pace.taken()
    assert (pace.takes_nothing, pace.rest()) == (False, 0.25)


def test_no_more_than_so_many_at_a_time() -> None:
    pace = UploadPace()
    for _ in range(50):
        pace.taken()
    assert pace.width == AT_ONCE
