from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from manifests.layout import AssetId
from streaming.sessions.errors import SessionNotFound, SessionOver
from streaming.sessions.identity import NAME, Identity
from streaming.sessions.ledger import milliseconds
from streaming.sessions.model import Counters, News, Stamped, State, together

from .conftest import ASSET, LIVE, SECRET, played

if TYPE_CHECKING:
    from streaming.sessions.subject import Subject

    from .conftest import Channel


# --- begin ----------------------------------------------------------------------------------------------------------


async def test_a_session_begins_as_an_attempt(plain: Channel) -> None:
    opened = await plain.open()
    assert opened.interval_ms == 10_000
    assert opened.lapses_at == plain.now + timedelta(seconds=25)
    assert opened.resume_at_ms == 0
    audience = await plain.audience()
    assert (audience.now, audience.tally.attempts, audience.tally.starts, audience.tally.views) == (0, 1, 0, 0)


async def test_a_repeated_attempt_is_one_session(plain: Channel) -> None:
    first = await plain.open(viewer="maria", attempt="press 1")
    again = await plain.open(viewer="maria", attempt="press 1")
    assert again.session == first.session
    others = [
        await plain.open(viewer="maria", attempt="press 2"),
        await plain.open(viewer="otto", attempt="press 1"),
        await plain.open(viewer="maria", attempt="press 1", asset=AssetId("another")),
        await plain.open(viewer="maria", attempt="press 1", scope="service site"),
    ]
    assert len({first.session, *(other.session for other in others)}) == 5
    assert (await plain.audience()).tally.attempts == 4


# --- report ---------------------------------------------------------------------------------------------------------


async def test_attempt_start_and_view_are_three_things(plain: Channel) -> None:
    session = (await plain.open()).session
    plain.after(2)
    heard = await plain.hear(session, played(0, seq=1))
    assert (heard.state, heard.viewed) == (State.PLAYING, False)
    plain.after(9.9)
    assert not (await plain.hear(session, played(9.9, seq=2))).viewed
    plain.after(0.1)
    assert (await plain.hear(session, played(10, seq=3))).viewed
    await plain.hear(session, played(10, seq=3))
    tally = (await plain.audience()).tally
    assert (tally.attempts, tally.starts, tally.views) == (1, 1, 1)


async def test_a_short_clip_is_viewed_at_its_half(plain: Channel) -> None:
    session = (await plain.open(duration_s=8)).session
    plain.after(4)
    assert not (await plain.hear(session, played(3.9, seq=1))).viewed
    assert (await plain.hear(session, played(4, seq=2))).viewed


async def test_only_what_can_be_true_counts(plain: Channel) -> None:
    session = (await plain.open()).session
    plain.after(3)
    heard = await plain.hear(session, played(3600, seq=1))
    assert (heard.played_ms, heard.viewed) == (8_000, False)  # 3 s at twice the speed, and 2 s of slack
    plain.after(1)
    assert (await plain.hear(session, played(3600, seq=2))).played_ms == 10_000


async def test_the_interval_grows_after_the_first_minute(plain: Channel) -> None:
    session = (await plain.open()).session
    plain.after(50)
    assert (await plain.hear(session, played(1, seq=1))).interval_ms == 10_000
    plain.after(10)
    heard = await plain.hear(session, played(2, seq=2))
    assert heard.interval_ms == 30_000
    assert heard.lapses_at == plain.now + timedelta(seconds=75)


async def test_two_processes_agree(plain: Channel) -> None:
    here, there = plain.sessions, plain.another_process()
    session = (await plain.open()).session
    plain.after(12)
    await asyncio.gather(
        *(process.hear(session, played(n, seq=n), now=plain.now) for n in range(1, 12) for process in (here, there))
    )
    assert await here.audience(ASSET, now=plain.now) == await there.audience(ASSET, now=plain.now)
    audience = await there.audience(ASSET, now=plain.now)
    assert (audience.now, audience.tally.starts, audience.tally.views) == (1, 1, 1)


@pytest.mark.parametrize("text", ["", "unknown", "A" * 64, "\x00", "ÄÖÜ"])
async def test_an_id_that_was_not_given_out_is_not_found(plain: Channel, text: str) -> None:
    with pytest.raises(SessionNotFound):
        await plain.hear(text, played(1, seq=1))


async def test_an_id_of_a_shard_that_does_not_exist_is_not_found(plain: Channel) -> None:
    ticket = Identity(SECRET).issue(subject=ASSET, begun_ms=milliseconds(plain.now), threshold_ms=1, shard=9, viewer="")
    with pytest.raises(SessionNotFound):
        await plain.hear(ticket.id, played(1, seq=1))


# --- any order ------------------------------------------------------------------------------------------------------

REPORTS = [
    News(
        counters=Counters(
            started=n > 1,
            played_ms=4_000 * n,
            rebuffer_ms=100 * (n // 3),
            rebuffers=n // 3,
            startup_ms=0 if n == 1 else 420,
            played_kbit=9_000 * n,
            content_ms=4_100 * n,
            latency_ms_s=8_000 * n,
            failed_technical=n >= 6,
        ),
        position=Stamped(seq=n, value=(70_000 if n % 4 else 5_000) + n),
        paused=Stamped(seq=n, value=int(n in (3, 5))),
        last_seq=n,
    )
    for n in range(1, 9)
]
LAST = News(counters=REPORTS[-1].counters, position=Stamped(seq=9, value=99_000), last_seq=9, end_seq=9)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    arrivals=st.lists(st.sampled_from(range(8)), max_size=12).flatmap(lambda kept: st.permutations([*kept, 7])),
    ends=st.booleans(),
    place=st.integers(0, 20),
    subject=st.sampled_from([ASSET, LIVE]),
)
async def test_order_repetition_and_loss_change_nothing(
    plain: Channel, arrivals: list[int], ends: bool, place: int, subject: Subject
) -> None:
    """All reports but the last (here the eighth, or the end) may be lost; whatever arrives does so in any order."""
    session = (await plain.open(viewer="maria", asset=subject)).session
    arrived = [REPORTS[index] for index in arrivals]
    if ends:
        arrived.insert(place % (len(arrived) + 1), LAST)
    plain.after(40)
    for news in arrived:
        try:
            await plain.hear(session, news)
        except SessionOver:
            assert ends
    plain.now += plain.settings.settle
    (found,) = [
        each
        for n in range(4)
        for each in await plain.rollup.collect(n, now=plain.now)
        if each.session == session[-NAME:]
    ]
    expected = together(arrived)
    assert found.counters == expected.counters
    assert found.counters == REPORTS[-1].counters
    assert found.position_ms == expected.position.value
    assert found.state is (State.ENDED if ends else State.PLAYING)
    assert found.viewed
    assert (found.subject, bool(found.viewer)) == (subject, subject == ASSET)


# --- end, pause, expiry ---------------------------------------------------------------------------------------------


async def test_after_the_end_it_is_over_and_the_end_may_be_repeated(plain: Channel) -> None:
    session = (await plain.open()).session
    plain.after(15)
    await plain.hear(session, played(12, seq=4))
    assert (await plain.audience()).now == 1
    assert (await plain.hear(session, played(13, seq=5, end=True))).state is State.ENDED
    assert (await plain.audience()).now == 0
    assert (await plain.hear(session, played(13, seq=5, end=True))).state is State.ENDED
    with pytest.raises(SessionOver) as refused:
        await plain.hear(session, played(15, seq=6))
    assert refused.value.extensions == {"state": "ended"}
    assert (await plain.audience()).now == 0


async def test_a_report_that_the_end_overtook_still_counts(plain: Channel) -> None:
    session = (await plain.open()).session
    plain.after(15)
    await plain.hear(session, News(last_seq=5, end_seq=5))
    with pytest.raises(SessionOver):
        await plain.hear(session, played(12, seq=4))
    audience = await plain.audience()
    assert (audience.now, audience.tally.starts, audience.tally.views) == (0, 1, 1)


async def test_viewers_now_is_exact_at_every_moment(plain: Channel) -> None:
    one, two, three = [(await plain.open()).session for _ in range(3)]
    for session in (one, two, three):
        await plain.hear(session, played(0, seq=1))
    assert (await plain.audience()).now == 3
    plain.after(20)
    await plain.hear(two, played(20, seq=2))
    await plain.hear(three, played(20, seq=2, paused=True))
    assert (await plain.audience()).now == 2
    plain.after(4.999)
    assert (await plain.audience()).now == 2
    plain.after(0.001)  # 25 s without news of the first, and no sweeper has come
    assert (await plain.audience()).now == 1
    await plain.hear(three, played(20, seq=3))
    assert (await plain.audience()).now == 2
    await plain.hear(two, played(25, seq=3, end=True))
    assert (await plain.audience()).now == 1


async def test_viewers_of_many_are_counted_at_once_in_every_process(plain: Channel) -> None:
    for subject, viewers in ((ASSET, 2), (LIVE, 3)):
        for _ in range(viewers):
            await plain.hear((await plain.open(asset=subject)).session, played(0, seq=1))
    subjects = [LIVE, replace(LIVE, event=4), ASSET]
    for process in (plain.sessions, plain.another_process()):
        assert await process.viewers(subjects, now=plain.now) == [3, 0, 2]
        assert await process.viewers([], now=plain.now) == []
    plain.after(25)
    assert await plain.sessions.viewers(subjects, now=plain.now) == [0, 0, 0]


async def test_live_begins_where_it_is_whoever_watches(plain: Channel) -> None:
    session = (await plain.open(viewer="maria", asset=LIVE, duration_s=None)).session
    plain.after(900)
    await plain.hear(session, played(900, seq=1))
    await plain.settle()
    assert (await plain.open(viewer="maria", asset=LIVE, duration_s=None)).resume_at_ms == 0


@pytest.mark.parametrize("swept", [False, True])
async def test_a_silent_session_comes_back_within_the_hour_and_is_one_view(plain: Channel, swept: bool) -> None:
    session = (await plain.open()).session
    plain.after(12)
    await plain.hear(session, played(12, seq=1))
    plain.after(59 * 60)
    if swept:
        await plain.settle()
    assert (await plain.audience()).now == 0
    heard = await plain.hear(session, played(15, seq=2))
    assert (heard.state, heard.viewed) == (State.PLAYING, True)
    assert (await plain.audience()).now == 1
    await plain.settle()
    tally = (await plain.audience()).tally
    assert (tally.attempts, tally.starts, tally.views) == (1, 1, 1)


@pytest.mark.parametrize("swept", [False, True])
@pytest.mark.parametrize("paused", [False, True])
async def test_after_an_hour_of_silence_it_is_over(plain: Channel, swept: bool, paused: bool) -> None:
    session = (await plain.open()).session
    await plain.hear(session, played(0, seq=1, paused=paused))
    plain.after(60 * 60 + 1)
    if swept:
        await plain.settle()
    with pytest.raises(SessionOver) as refused:
        await plain.hear(session, played(5, seq=2))
    assert refused.value.extensions == {"state": "expired"}


async def test_a_session_is_over_after_a_day(plain: Channel) -> None:
    session = (await plain.open()).session
    for hour in range(1, 25):
        plain.after(3600)
        await plain.hear(session, played(hour * 3600, seq=hour))
    plain.after(1)
    with pytest.raises(SessionOver):
        await plain.hear(session, played(25 * 3600, seq=25))


# --- resume ---------------------------------------------------------------------------------------------------------


async def test_a_viewer_resumes_and_nobody_else_does(plain: Channel) -> None:
    session = (await plain.open(viewer="maria")).session
    plain.after(200)
    await plain.hear(session, played(190, seq=1))
    assert (await plain.open(viewer="maria")).resume_at_ms == 190_000
    assert (await plain.open(viewer="maria", scope="service site")).resume_at_ms == 0
    assert (await plain.open(viewer="maria", asset=AssetId("another"))).resume_at_ms == 0
    assert (await plain.open(viewer="otto")).resume_at_ms == 0
    assert (await plain.open()).resume_at_ms == 0


async def test_a_seek_back_is_where_to_resume(plain: Channel) -> None:
    session = (await plain.open(viewer="maria")).session
    plain.after(200)
    await plain.hear(session, played(190, seq=2, position=100))
    await plain.hear(session, played(180, seq=1))  # late
    assert (await plain.open(viewer="maria")).resume_at_ms == 100_000


# --- visitors -------------------------------------------------------------------------------------------------------


async def test_visitors_are_counted_once_a_day_in_whatever_shards_their_sessions_are(plain: Channel) -> None:
    for number in range(30):
        for _ in range(2):
            await plain.open(visitor=f"visitor {number}")
    assert (await plain.audience()).visitors_today == 30
    plain.after(24 * 3600)
    assert (await plain.audience()).visitors_today == 0
