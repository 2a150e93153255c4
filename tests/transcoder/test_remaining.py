from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.memory import MemoryStore
from infra.ports import Level
from manifests.layout import RenditionId
from transcoder.publish import key_of
from transcoder.remaining import expected, left_of, made_by, opening_tasks, present
from transcoder.windows import Window, opening, tracks, windows

if TYPE_CHECKING:
    from transcoder.plan import Plan


def test_every_object_is_made_by_some_window(plan: Plan) -> None:
    made = [made_by(plan, window) for window in windows(plan)]
    assert frozenset().union(*made) == expected(plan)
    assert len(expected(plan)) == 3 * (20 + 1)


def test_an_asset_without_a_picture(plan: Plan) -> None:
    only_audio = replace(plan, video=None)
    assert {rendition for rendition, _ in expected(only_audio)} == {"a1-1"}
    assert [task.name for task in opening_tasks(only_audio, ())] == ["asset/1/a1-1/0-4", "asset/1/a1-1/4-16"]


def test_the_very_first_segments_are_as_urgent_as_an_index(plan: Plan) -> None:
    tasks = opening_tasks(plan, (), tenant="anna")
    assert [(task.name, task.level, task.tenant) for task in tasks] == [
        ("asset/1/video/0-1", Level.INDEX, "anna"),
        ("asset/1/a1-1/0-4", Level.INDEX, "anna"),
        ("asset/1/video/1-1", Level.FIRST, "anna"),
        ("asset/1/video/2-2", Level.FIRST, "anna"),
        ("asset/1/video/4-4", Level.FIRST, "anna"),
        ("asset/1/a1-1/4-16", Level.FIRST, "anna"),
    ]


def test_nobody_waits_for_what_was_live(live: Plan) -> None:
    assert [(task.name, task.level) for task in opening_tasks(live, ())] == [
        ("asset/1/video/0-20", Level.FIRST), ("asset/1/a1-1/0-20", Level.INDEX),
    ]  # fmt: skip


def test_other_sound_than_players_begin_with_comes_behind(plan: Plan) -> None:
    (english,) = plan.audio
    german = replace(english, id=RenditionId("a2-1"), default=False)
    surround = replace(english, id=RenditionId("s1-1"), channels=6)
    tasks = opening_tasks(replace(plan, audio=(german, surround, english)), ())
    assert [task.name for task in tasks if task.level is Level.INDEX] == ["asset/1/video/0-1", "asset/1/a1-1/0-4"]


@given(keep=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_what_is_left_is_what_lacks_an_object(plan: Plan, keep: st.DataObject) -> None:
    found = keep.draw(st.frozensets(st.sampled_from(sorted(expected(plan), key=str))))
    named = {task.name for task in opening_tasks(plan, found)}
    for window in opening(plan):
        assert (f"asset/1/{window.name}" in named) is not (made_by(plan, window) <= found)
    for track in tracks(plan):
        left = left_of(plan, track, found)
        for number in range(20):
            names = made_by(plan, Window(track=track, first=number, count=1))
            if number:
                names = frozenset(name for name in names if name[1] is not None)
            assert (number in left) is not (names <= found)


def test_a_window_may_make_some_rungs_only(plan: Plan) -> None:
    window = Window(track="video", first=3, count=1, rungs=(RenditionId("v90-1"),))
    assert made_by(plan, window) == {("v90-1", None), ("v90-1", 3)}


async def test_the_bucket_is_asked(plan: Plan) -> None:
    store = MemoryStore()
    names = [name for name in expected(plan) if name[1] in (None, 0, 19)]
    for name in names:
        await store.put(key_of(plan.asset, *name), b"x", content_type="video/mp4")
    # What the plan does not call for is no part of it: another version, playlists, a segment too many.
    for key in ("v90-2/0.m4s", "v90-1/20.m4s", "v90-1/index.m3u8", "index.m3u8"):
        await store.put(f"media/{plan.asset}/{key}", b"x", content_type="video/mp4")
    assert set(await present(store, plan)) == set(names)
