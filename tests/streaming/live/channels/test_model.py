from __future__ import annotations

from streaming.live.channels.model import RUNNING, ChannelState


def test_an_event_begins_and_ends_and_another_begins() -> None:
    steps = {state.value: sorted(each.value for each in state.following) for state in ChannelState}
    assert steps == {
        "idle": ["waiting"],
        "waiting": ["ended", "live"],
        "live": ["ended", "interrupted"],
        "interrupted": ["ended", "live"],
        "ended": ["waiting"],
    }


def test_whatever_runs_can_be_ended() -> None:
    assert all(ChannelState.ENDED in state.following for state in RUNNING)
