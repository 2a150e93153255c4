"""Wake-ups between the worker and the service: names of the channels and what is said on them.

They only say "look now"; whoever misses one finds the same in the bucket.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from manifests.layout import AssetId, RenditionId

EVERYTHING = "channel:assets"
"""Channel of all assets: one message for every change of any asset's state (plan, failure, ready) and every window."""


def asset_channel(asset: AssetId) -> str:
    """Channel of one asset: every object that lands, and what EVERYTHING hears of it."""
    return f"channel:asset:{asset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """`upload` while the source arrives; `segment` with rendition and number (None: the init section) when an object is
    in the bucket; `plan`, `ladder`, `loudness`, `window`, `ready`, `failure` when the asset's state moves; `captions`
    when those inside the source are known."""

    what: Literal["upload", "segment", "plan", "ladder", "loudness", "captions", "window", "ready", "failure"]
    asset: AssetId
    version: int
    rendition: RenditionId | None = None
    number: int | None = None


def dump(signal: Signal) -> bytes:
    return msgspec.json.encode(signal)


def load(body: bytes) -> Signal:
    return msgspec.json.decode(body, type=Signal)
