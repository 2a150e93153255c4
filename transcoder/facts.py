"""The facts of an asset version, as objects in the bucket: what the rest of the system believes about it.

`profile.json` says what it is to become, `plan.json` makes it playable, `ready.json` ends it well, `failure.json` ends
it badly; `ladder.json` changes the plan's rungs on the way, `loudness.json` its sound, which is made with the gain
that `gains/` has of each rendition. Each is written once. Before them comes `growing.json`, the plan of what has
arrived of the source: it is written again as it grows, and what it says stays true.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from infra.errors import ObjectNotFound
from manifests import layout
from transcoder import plan as plans
from transcoder import profile as profiles
from transcoder.errors import PlanMissing
from transcoder.loudness import gain as gains
from transcoder.loudness import verdict as verdicts
from transcoder.per_title import ladder as ladders
from transcoder.publish import put_once
from transcoder.stills import model as stills

if TYPE_CHECKING:
    from infra.ports import ObjectStore
    from manifests.layout import AssetId, RenditionId
    from transcoder.loudness.gain import Gain
    from transcoder.loudness.verdict import Verdict
    from transcoder.per_title.ladder import Ladder
    from transcoder.plan import Plan
    from transcoder.profile import Profile
    from transcoder.stills.model import Stills

JSON: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an asset can't be made: a stable code, a sentence for the editor, the cause for the operator."""

    code: str
    message: str
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The end of an encode: how many objects the plan came to, and their bytes."""

    objects: int
    size: int


async def _read(store: ObjectStore, key: str) -> bytes | None:
    try:
        return await store.read(key)
    except ObjectNotFound:
        return None


async def write_profile(store: ObjectStore, asset: AssetId, version: int, profile: Profile) -> bool:
    """Before the first byte of the source can be read. False if it stood there already."""
    return await put_once(store, layout.profile(asset, version), profiles.dump(profile), content_type=JSON)


async def read_profile(store: ObjectStore, asset: AssetId, version: int) -> Profile:
    """What the version is made by; the built-in default where nobody has said anything."""
    body = await _read(store, layout.profile(asset, version))
    return profiles.DEFAULT if body is None else profiles.load(body)


async def find_fixed_plan(store: ObjectStore, asset: AssetId, version: int) -> Plan | None:
    """The plan as it was made, with every rung that was ever listed."""
    body = await _read(store, layout.plan(asset, version))
    return None if body is None else plans.load(body)


async def find_ladder(store: ObjectStore, asset: AssetId, version: int) -> Ladder | None:
    """The ladder that was chosen for this title; None as long as, or if, none was."""
    body = await _read(store, layout.ladder(asset, version))
    return None if body is None else ladders.load(body)


async def write_ladder(store: ObjectStore, asset: AssetId, version: int, ladder: Ladder) -> bool:
    """False if there was one: what is encoded and listed changes once."""
    return await put_once(store, layout.ladder(asset, version), ladders.dump(ladder), content_type=JSON)


async def find_gain(store: ObjectStore, asset: AssetId, version: int, rendition: RenditionId) -> Gain | None:
    """The gain that a sound rendition is made with; None as long as nothing of it is."""
    body = await _read(store, layout.gain(asset, version, rendition))
    return None if body is None else gains.load(body)


async def write_gain(
    store: ObjectStore, asset: AssetId, version: int, rendition: RenditionId, gain: Gain
) -> Gain:  # fmt: skip
    """Write it unless there is one; returns the one that stands."""
    body = gains.dump(gain)
    if await put_once(store, layout.gain(asset, version, rendition), body, content_type=JSON):
        return gain
    return await find_gain(store, asset, version, rendition) or gain


async def find_loudness(store: ObjectStore, asset: AssetId, version: int) -> Verdict | None:
    """How loud the sound is; None as long as, or if, nobody measured it."""
    body = await _read(store, layout.loudness(asset, version))
    return None if body is None else verdicts.load(body)


async def write_loudness(store: ObjectStore, asset: AssetId, version: int, verdict: Verdict) -> bool:
    """False if it stood there already: what is encoded and listed changes once."""
    return await put_once(store, layout.loudness(asset, version), verdicts.dump(verdict), content_type=JSON)


async def find_plan(
    store: ObjectStore, asset: AssetId, version: int, *, keeping: RenditionId | None = None
) -> Plan | None:
    """The plan by which segments are made and listed now: under the title's own ladder, once that is chosen, and with
    the sound at its right loudness, once that is known.

    `keeping`: a rendition that stays in it though another took its place, or none.
    """
    plan = await find_fixed_plan(store, asset, version)
    if plan is None:
        return None
    if plan.video is not None:
        plan = ladders.apply(plan, await find_ladder(store, asset, version), keeping=keeping)
    if plan.audio:
        kept = () if keeping is None else (keeping,)
        plan = verdicts.apply(plan, await find_loudness(store, asset, version), keeping=kept)
    return plan


async def read_plan(
    store: ObjectStore, asset: AssetId, version: int, *, keeping: RenditionId | None = None
) -> Plan:  # fmt: skip
    """The plan by which segments are made now: as `find_plan`, or of what has arrived by now. Raises PlanMissing."""
    plan = await find_plan(store, asset, version, keeping=keeping) or await find_growing(store, asset, version)
    # The plan of the whole may have come, and the other gone, between the two looks.
    plan = plan or await find_plan(store, asset, version, keeping=keeping)
    if plan is None:
        raise PlanMissing(f"there is no plan of {asset} version {version}")
    return plan


async def write_plan(store: ObjectStore, plan: Plan) -> Plan:
    """Write it unless there is one; returns the one that stands: a plan that anybody has seen never changes."""
    if await put_once(store, layout.plan(plan.asset, plan.version), plans.dump(plan), content_type=JSON):
        return plan
    return await read_plan(store, plan.asset, plan.version)


async def find_growing(store: ObjectStore, asset: AssetId, version: int) -> Plan | None:
    """The plan of the segments that can be made while the source arrives."""
    body = await _read(store, layout.growing(asset, version))
    return None if body is None else plans.load(body)


async def write_growing(store: ObjectStore, plan: Plan) -> None:
    """Only whoever holds the lease of the version's index writes it."""
    await store.put(layout.growing(plan.asset, plan.version), plans.dump(plan), content_type=JSON)


async def find_stills(store: ObjectStore, asset: AssetId, version: int) -> Stills | None:
    """None as long as they are not all drawn."""
    body = await _read(store, layout.stills(asset, version))
    return None if body is None else stills.load(body)


async def write_stills(store: ObjectStore, asset: AssetId, version: int, made: Stills) -> bool:
    """After every object of them. False if they stood there already."""
    return await put_once(store, layout.stills(asset, version), stills.dump(made), content_type=JSON)


async def read_failure(store: ObjectStore, asset: AssetId, version: int) -> Failure | None:
    body = await _read(store, layout.failure(asset, version))
    return None if body is None else msgspec.json.decode(body, type=Failure)


async def write_failure(store: ObjectStore, asset: AssetId, version: int, failure: Failure) -> bool:
    """False if a failure stood there already: the first reason is the one to tell."""
    return await put_once(store, layout.failure(asset, version), msgspec.json.encode(failure), content_type=JSON)


async def read_ready(store: ObjectStore, asset: AssetId, version: int) -> Ready | None:
    body = await _read(store, layout.ready(asset, version))
    return None if body is None else msgspec.json.decode(body, type=Ready)


async def write_ready(store: ObjectStore, asset: AssetId, version: int, ready: Ready) -> bool:
    """False if it stood there already."""
    return await put_once(store, layout.ready(asset, version), msgspec.json.encode(ready), content_type=JSON)


async def has_failed(store: ObjectStore, asset: AssetId, version: int) -> bool:
    return await store.head(layout.failure(asset, version)) is not None


async def is_over(store: ObjectStore, asset: AssetId, version: int) -> bool:
    """Whether nothing is left to do for this version: it is ready, or it has failed."""
    return await has_failed(store, asset, version) or await store.head(layout.ready(asset, version)) is not None
