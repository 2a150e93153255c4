"""The comparison with other ways to make a ladder still runs, and all of them deliver the same frames."""

from __future__ import annotations

import pytest

from benchmarks.peers import run

AS_IT_IS = "Shaka Streamer, its own settings"
PEERS = {
    "ours",
    "one command by hand",
    "PeerTube's way",
    "MediaCMS's way",
    "Shaka Streamer, these settings",
    AS_IT_IS,
}


def test_every_peer_makes_the_whole_ladder() -> None:
    (measured,) = run(quick=True).numbers.values()
    assert set(measured) == PEERS
    for name, numbers in measured.items():
        assert numbers["frames"] == {}, name
        (wall,), (playable,), (size,) = numbers["wall"], numbers["playable"], numbers["size"]
        assert 0 < playable <= wall, name
        # Somebody who encoded with other settings would be told by it.
        if name != AS_IT_IS:
            assert size == pytest.approx(measured["one command by hand"]["size"][0], rel=0.05), name
