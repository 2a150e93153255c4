"""What a viewing session is about: an asset, or one event of a channel. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from manifests.layout import AssetId, ChannelId


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ChannelEvent:
    """Event number `event` of a channel, counted from 1."""

    channel: ChannelId
    event: int


Subject: TypeAlias = AssetId | ChannelEvent


def name_of(subject: Subject) -> str:
    """In one word, as Redis and session ids have it: an asset's id, or `CHANNEL.EVENT`. No id has a dot in it."""
    return f"{subject.channel}.{subject.event}" if isinstance(subject, ChannelEvent) else subject


def subject_of(name: str) -> Subject:
    """The counterpart of `name_of`."""
    channel, dot, event = name.rpartition(".")
    return ChannelEvent(channel=ChannelId(channel), event=int(event)) if dot else AssetId(name)
