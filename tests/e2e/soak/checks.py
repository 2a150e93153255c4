"""What must hold when the dust has settled."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import av
from redis import Redis

from manifests import layout
from manifests.layout import AssetId, RenditionId
from tests.e2e.soak.ledger import balance, encoders, entries, put_off
from transcoder import measured as sizes
from transcoder.describe import static_manifests
from transcoder.facts import find_plan, read_failure
from transcoder.publish import key_of
from transcoder.remaining import expected

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.e2e.soak.director import Director
    from tests.e2e.soak.ledger import Books
    from tests.e2e.soak.newsroom import Title
    from tests.e2e.soak.stage import Stage
    from transcoder.plan import Plan

_VERSIONS: Final = 9
"""More than an upload begins anew."""
_ONCE: Final = ("plan.json", "measured.json", "ready.json", ".m4s", "init.mp4")


async def plan_of(stage: Stage, title: Title) -> Plan:
    """The plan of the version that became ready: the highest that has one (an upload may begin more than once)."""
    plans = [
        plan for version in range(1, _VERSIONS) if (plan := await find_plan(stage.store, AssetId(title.asset), version))
    ]
    return plans[-1]


async def keys(stage: Stage) -> set[str]:
    return {stat.key async for stat in stage.store.list("")}


async def is_tidy(stage: Stage, titles: Iterable[Title]) -> bool:
    """Whether nothing lies in the bucket that is not of one of these."""
    assets = {title.asset for title in titles}
    return all(key.split("/")[1] in assets for key in await keys(stage))


async def was_given_up(stage: Stage, title: Title) -> bool:
    """Whether so many workers died over one of its tasks that it looked like the cause (ADR 0019). It happens where a
    machine is so busy that workers are killed faster than they get anything done."""
    asset = AssetId(title.asset)
    failures = [await read_failure(stage.store, asset, version) for version in range(1, _VERSIONS)]
    return any(failure is not None and failure.code == "abandoned" for failure in failures)


async def check_objects(stage: Stage, ready: Iterable[Title], given_up: Iterable[Title]) -> None:
    """The bucket holds all that the ready titles need and nothing else; what is written once was written once."""
    found = await keys(stage)
    owned = {key for title in given_up for key in found if key.split("/")[1] == title.asset}
    for title in ready:
        asset = AssetId(title.asset)
        plan = await plan_of(stage, title)
        wanted = {key_of(asset, *name) for name in expected(plan)}
        assert wanted <= found, f"{title.asset} is ready and lacks {sorted(wanted - found)}"
        work, source = layout.work_prefix(asset), layout.source_prefix(asset, plan.version)
        measured = sizes.load(await stage.store.read(layout.measured(asset, plan.version)))
        owned |= wanted | static_manifests(plan, measured).keys()
        beside = (f"{work}{plan.version}/", f"{work}captions/", source, layout.still(asset, plan.version, ""))
        owned |= {key for key in found if key.startswith(beside)}
    assert not found - owned, f"they belong to nobody: {sorted(found - owned)}"
    twice = {key: times for key, times in stage.proxy.written.items() if times > 1 and key.endswith(_ONCE)}
    assert not twice, f"written more than once: {twice}"


def check_books(stage: Stage, titles: Iterable[Title]) -> None:
    """Each became ready once, and nobody was ever served two bodies under one path."""
    told = [entry for part in stage.parts["api"] for entry in entries(stage.log(part))]
    ends = Counter(entry["asset"] for entry in told if entry.get("message") == "asset is ready")
    assert set(ends.values()) <= {1}, f"became ready more than once: {ends}"
    for title in titles:
        assert all(len(digests) == 1 for digests in title.bodies.values()), title


async def rework(stage: Stage, director: Director, titles: Iterable[Title]) -> Books:
    """What was encoded of titles that are ready, and why."""
    plans = {plan.asset: plan for plan in [await plan_of(stage, title) for title in titles]}
    begun = list(encoders(stage.encodes, plans))
    unreachable = put_off([stage.log(part) for part in stage.parts["worker"]], begun)
    return balance(plans, begun, (*director.blows, *unreachable), stage.proxy.stored)


async def check_decodes(stage: Stage, title: Title, folder: Path) -> None:
    """Every rendition is one stream of exactly the source's frames, without an error."""
    plan = await plan_of(stage, title)
    assert plan.video is not None
    for rung in plan.video.rungs:
        file = folder / f"{rung.id}.mp4"
        file.write_bytes(await _joined(stage, plan, rung.id))
        with av.open(str(file)) as container:
            container.streams.video[0].codec_context.options = {"err_detect": "explode"}
            decoded = sum(1 for _ in container.decode(video=0))
        assert decoded == -(-title.clip.frames // rung.divisor), (title.asset, rung.id)


async def _joined(stage: Stage, plan: Plan, rendition: RenditionId) -> bytes:
    segments = plan.renditions()[rendition]
    bodies = [await stage.store.read(key_of(plan.asset, rendition, number)) for number in (None, *range(segments))]
    return b"".join(bodies)


def check_nothing_left(stage: Stage) -> None:
    """No process, folder or endless Redis key is left of what was killed, of no asset."""
    assert not stage.left_behind, f"children outlived their killed worker: {stage.left_behind}"
    assert len(stage.leftovers()) <= len(stage.parts["worker"]), "temporary folders of the dead"
    with Redis.from_url(stage.valkey.url, decode_responses=True) as client:
        endless = {key for key in client.scan_iter() if client.ttl(key) == -1}
    # The engine's streams, and the workers that are alive: one for each queue and level, however many assets there are.
    of_queues = ("streaq:channel:", "channel:jobs:workers:")
    stray = {key for key in endless if not key.startswith(of_queues)}
    assert not stray, f"Redis keys without an end: {stray}"
    assert len(endless) < 40, endless
