from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.layout import AssetId, ChannelId
from streaming.catalog.model import new_asset_id
from streaming.live.channels.model import new_channel_id
from streaming.sessions.errors import SessionNotFound
from streaming.sessions.identity import EPOCH_MS, Identity, Ticket, keep_secret, shard_of
from streaming.sessions.subject import ChannelEvent

if TYPE_CHECKING:
    from pathlib import Path

    from streaming.sessions.subject import Subject

IDENTITY = Identity(b"a secret of this test")
NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
SUBJECTS = NAMES.map(AssetId) | st.builds(ChannelEvent, channel=NAMES.map(ChannelId), event=st.integers(1, 10**6))


def issue(asset: Subject, viewer: str = "", *, identity: Identity = IDENTITY) -> Ticket:
    return identity.issue(subject=asset, begun_ms=EPOCH_MS + 123_456_789, threshold_ms=9_500, shard=7, viewer=viewer)


@given(SUBJECTS, st.one_of(st.just(""), st.text("0123456789abcdef", min_size=16, max_size=16)))
def test_an_id_says_what_was_signed(asset: Subject, viewer: str) -> None:
    ticket = issue(asset, viewer)
    assert IDENTITY.read(ticket.id) == ticket
    assert (ticket.subject, ticket.viewer, ticket.shard, ticket.threshold_ms) == (asset, viewer, 7, 9_500)


def test_ids_of_our_own_assets_and_channels_fit_into_cmcd() -> None:
    assert len(issue(new_asset_id(), IDENTITY.viewer("player", "maria")).id) <= 64
    assert len(issue(ChannelEvent(channel=new_channel_id(), event=10**6)).id) <= 64


@given(st.integers(0, 63), st.sampled_from("ABCDwxyz0189-_"))
def test_a_changed_letter_is_noticed(place: int, letter: str) -> None:
    genuine = issue(AssetId("hQ3vXo2mTz-Jk81LwPq0aA"), "00112233445566aa").id
    forged = genuine[:place] + letter + genuine[place + 1 :]
    if forged != genuine:
        with pytest.raises(SessionNotFound):
            IDENTITY.read(forged)


@pytest.mark.parametrize("text", ["", "x", "no id at all", "ÄÖÜ", "\x00", "A" * 64, "A" * 5000, "=" * 8])
def test_what_is_no_id_is_not_found(text: str) -> None:
    with pytest.raises(SessionNotFound):
        IDENTITY.read(text)


def test_an_id_of_another_secret_is_not_found() -> None:
    with pytest.raises(SessionNotFound):
        IDENTITY.read(issue(AssetId("asset"), identity=Identity(b"another secret")).id)


def test_ids_do_not_show_who_watches() -> None:
    viewer = IDENTITY.viewer("player", "maria")
    one, two = issue(AssetId("asset"), viewer), issue(AssetId("asset"), viewer)
    assert viewer not in one.id
    assert one.id[20:30] != two.id[20:30]


def test_a_viewer_is_the_same_for_one_scope_and_a_visitor_for_one_day() -> None:
    assert IDENTITY.viewer("player", "maria") == IDENTITY.viewer("player", "maria")
    assert IDENTITY.viewer("player", "maria") != IDENTITY.viewer("service shop", "maria")
    today, tomorrow = date(2026, 11, 21), date(2026, 11, 22)
    assert IDENTITY.visitor(today, "maria") == IDENTITY.visitor(today, "maria")
    assert IDENTITY.visitor(today, "maria") != IDENTITY.visitor(tomorrow, "maria")


def test_shards_are_used_evenly() -> None:
    used = [0] * 16
    for number in range(8000):
        used[shard_of(f"viewer {number}", 16)] += 1
    assert min(used) > 400
    assert max(used) < 600


def test_the_secret_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    path = tmp_path / "new" / "session.secret"
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: keep_secret(path), range(16)))
    assert len(secrets) == 1
    assert len(secrets.pop()) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["session.secret"]
