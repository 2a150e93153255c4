from __future__ import annotations

import asyncio

from prometheus_client import REGISTRY

from manifests.layout import RenditionId

VIDEO = RenditionId("v360-1")


def counted(answer: str) -> float:
    return REGISTRY.get_sample_value("channel_playback_media_total", {"answer": answer}) or 0


async def test_each_request_is_counted_once(stage, client, open_client, eventually) -> None:
    plan = await stage.playable()
    path, other = (f"/v/{plan.asset}/{VIDEO}/{number}.m4s" for number in (0, 1))
    before = {answer: counted(answer) for answer in ("at_once", "waited", "not_yet")}
    waits = REGISTRY.get_sample_value("channel_playback_wait_seconds_count") or 0

    assert (await open_client(segment_wait_s=0.05).get(other)).status_code == 503
    waiting = asyncio.create_task(client.get(path))

    async def wanted() -> bool:
        return f"{plan.asset}/1/run/{VIDEO}/0" in await stage.engine.pending(plan.asset)

    await eventually(wanted)
    await stage.land(plan, VIDEO, 0, b"x")
    assert (await waiting).status_code == 200
    assert (await client.get(path)).status_code == 200

    assert {answer: counted(answer) - count for answer, count in before.items()} == {
        "at_once": 1, "waited": 1, "not_yet": 1,
    }  # fmt: skip
    assert REGISTRY.get_sample_value("channel_playback_wait_seconds_count") == waits + 2


async def test_what_players_say_is_counted_and_never_refused(stage, client) -> None:
    def noted(version: str, starved: str) -> float:
        labels = {"version": version, "starved": starved}
        return REGISTRY.get_sample_value("channel_playback_cmcd_total", labels) or 0

    plan = await stage.playable()
    await stage.land(plan, VIDEO, 0, b"x")
    path = f"/v/{plan.asset}/{VIDEO}/0.m4s"
    before = (noted("1", "no"), noted("2", "yes"))
    assert (await client.get(f"{path}?CMCD=br%3D3200%2Csid%3D%22a%22")).status_code == 200
    assert (await client.get(path, headers={"CMCD-Status": "bs", "CMCD-Session": "v=2"})).status_code == 200
    assert (await client.get(f"{path}?CMCD=%3D%2C%22%00")).status_code == 200
    assert (await client.get(path)).status_code == 200
    assert (noted("1", "no"), noted("2", "yes")) == (before[0] + 1, before[1] + 1)
