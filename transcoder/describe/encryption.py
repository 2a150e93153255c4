"""Encryption as playlists tell it: which key each segment has, and where it is asked for. Pure.

URIs of keys are relative, in the playlists of the service as in those of the bucket: `keys/{id}` beside the
multivariant playlist. So a key is asked for under the address, and with the token, that the playlist came by. The
bucket has no such object: whoever puts a CDN in front of it sends those requests to the service (docs/encryption.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from manifests.hls import Key
from transcoder.encryption.key_ids import KeyName, key_id

if TYPE_CHECKING:
    from transcoder.plan import Plan

KEYS: Final = "keys"
"""Where keys lie, seen from the asset's own folder."""


def key_count(plan: Plan) -> int:
    """How many keys the segments of a plan have; 0 if they are not encrypted."""
    if plan.protection is None:
        return 0
    return plan.protection.place_of(max(plan.renditions().values()) - 1) + 1


def segment_keys(plan: Plan, number: int) -> tuple[Key, ...]:
    """EXT-X-KEY in front of a segment in the playlist of a rendition: where another key begins (RFC 8216bis §4.4.4.4).

    The first of them comes behind EXT-X-MAP, so that it is none of the init section's (§4.4.4.5). There is no IV: it is
    the media sequence number, which is different for every segment (§5.2).
    """
    protection = plan.protection
    if protection is None:
        return ()
    place = protection.place_of(number)
    if number and place == protection.place_of(number - 1):
        return ()
    return (_key(plan, place, folder=f"../{KEYS}"),)


def session_keys(plan: Plan) -> tuple[Key, ...]:
    """EXT-X-SESSION-KEY (§4.4.6.5): the key that every viewer needs first, to be fetched beside the playlists."""
    return () if plan.protection is None else (_key(plan, 0, folder=KEYS),)


def _key(plan: Plan, place: int, *, folder: str) -> Key:
    name = key_id(plan.asset, KeyName(version=plan.version, place=place))
    return Key(method="AES-128", uri=f"{folder}/{name.hex()}")
