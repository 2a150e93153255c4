from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.memory import MemoryStore
from infra.ports import Level
from transcoder.publish import key_of
from transcoder.remaining import expected, made_by, present, remaining_tasks
from transcoder.windows import windows

if TYPE_CHECKING:
    from transcoder.plan import Plan


def test_every_object_is_made_by_some_window(plan: Plan) -> None:
    made = [made_by(plan, window) for window in windows(plan)]
    assert frozenset().union(*made) == expected(plan)
    assert len(expected(plan)) == 3 * (20 + 1)


def test_an_asset_without_a_picture(plan: Plan) -> None:
    only_audio = replace(plan, video=None)
    assert {rendition for rendition, _ in expected(only_audio)} == {"a1-1"}
    assert [task.arguments["track"] for task in remaining_tasks(only_audio, ())] == ["a1-1", "a1-1"]


def test_the_beginning_comes_before_the_rest(plan: Plan) -> None:
    tasks = remaining_tasks(plan, ())
    assert [(task.name, task.level) for task in tasks] == [
        ("asset/1/video/0", Level.FIRST),
        ("asset/1/a1-1/0", Level.FIRST),
        ("asset/1/video/1", Level.FIRST),
        ("asset/1/video/2", Level.FIRST),
        ("asset/1/video/3", Level.FIRST),
        ("asset/1/a1-1/1", Level.FIRST),
        ("asset/1/video/4", Level.BULK),
        ("asset/1/video/5", Level.BULK),
    ]


@given(keep=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_what_remains_is_what_lacks_an_object(plan: Plan, keep: st.DataObject) -> None:
    found = keep.draw(st.frozensets(st.sampled_from(sorted(expected(plan), key=str))))
    tasks = remaining_tasks(plan, found)
    named = {task.name for task in tasks}
    for window in windows(plan):
        whole = made_by(plan, window) <= found
        assert (f"asset/1/{window.track}/{window.index}" in named) is not whole
    assert ([task.kind for task in tasks] == ["finish"]) is (found == expected(plan))


async def test_the_bucket_is_asked(plan: Plan) -> None:
    store = MemoryStore()
    names = [name for name in expected(plan) if name[1] in (None, 0, 19)]
    for name in names:
        await store.put(key_of(plan.asset, *name), b"x", content_type="video/mp4")
    # What the plan does not call for is no part of it: another version, playlists, a segment too many.
    for key in ("v90-2/0.m4s", "v90-1/20.m4s", "v90-1/index.m3u8", "index.m3u8"):
        await store.put(f"media/{plan.asset}/{key}", b"x", content_type="video/mp4")
    assert set(await present(store, plan)) == set(names)
