"""Encryption as manifests tell it: which key each segment has, and where it is asked for. Pure.

URIs of keys are relative, in the playlists of the service as in those of the bucket: `keys/{id}` beside the
multivariant playlist. So a key is asked for under the address, and with the token, that the playlist came by. The
bucket has no such object: whoever puts a CDN in front of it sends those requests to the service (docs/encryption.md).

The same key of whole segments has one URI for pictures and another for sound: hls.js 1.7.4 fetches a URI once for both,
and where pictures are given up for a jump, and their key with them, the sound waits for ever.
"""

from __future__ import annotations

from base64 import b64encode
from itertools import chain
from typing import TYPE_CHECKING, Final, assert_never

from manifests.dash import ContentProtection
from manifests.hls import Key
from transcoder.encryption.common_init import constant_iv
from transcoder.encryption.key_ids import KeyName, key_id
from transcoder.profile import Encryption

if TYPE_CHECKING:
    from manifests.dash.content_protection import CommonScheme
    from manifests.hls.key import Method
    from manifests.layout import RenditionId
    from transcoder.encryption.key_ids import KeyId
    from transcoder.plan import Plan

CLEAR_KEY: Final = "org.w3.clearkey"
"""KEYFORMAT of the key system that every browser has (W3C EME §9.1), as hls.js names it."""
KEYS: Final = "keys"
"""Where keys lie, seen from the asset's own folder."""
_FOR_SOUND: Final = "?for=audio"
"""Behind the name of a key: means nothing to who answers."""


def key_count(plan: Plan) -> int:
    """How many keys the segments of a plan have; 0 if they are not encrypted."""
    if plan.protection is None:
        return 0
    return plan.protection.place_of(max(plan.renditions().values()) - 1) + 1


def segment_keys(plan: Plan, rendition: RenditionId, number: int) -> tuple[Key, ...]:
    """EXT-X-KEY in front of a segment in the playlist of a rendition: where another key begins (RFC 8216bis §4.4.4.4).

    The first of them comes behind EXT-X-MAP, so that it is none of the init section's (§4.4.4.5).
    """
    protection = plan.protection
    if protection is None:
        return ()
    place = protection.place_of(number)
    if number and place == protection.place_of(number - 1):
        return ()
    return _keys(plan, rendition, place, folder=f"../{KEYS}")


def session_keys(plan: Plan) -> tuple[Key, ...]:
    """EXT-X-SESSION-KEY (§4.4.6.5): the key that every viewer needs first, to be fetched beside the playlists."""
    of_all = (_keys(plan, rendition, 0, folder=KEYS) for rendition in plan.renditions())
    return tuple(dict.fromkeys(chain.from_iterable(of_all)))


def content_protection(plan: Plan, license_url: str | None) -> ContentProtection | None:
    """The same for DASH, of every set of pictures or sound. `license_url` is absolute; None: whoever
    embeds a player tells it."""
    if plan.protection is None:
        return None
    scheme: CommonScheme = "cbcs" if plan.protection.scheme is Encryption.CBCS else "cenc"
    return ContentProtection(scheme=scheme, key_id=_key_id(plan, 0), license_url=license_url)


def _keys(plan: Plan, rendition: RenditionId, place: int, *, folder: str) -> tuple[Key, ...]:
    if plan.protection is None:
        return ()
    name = _key_id(plan, place)
    uri = f"{folder}/{name.hex()}"
    match plan.protection.scheme:
        case Encryption.NONE:
            return ()
        case Encryption.AES_128:
            # No IV: it is the media sequence number, which is different for every segment (§5.2).
            is_sound = any(track.id == rendition for track in plan.audio)
            return (Key(method="AES-128", uri=uri + _FOR_SOUND if is_sound else uri),)
        case Encryption.CBCS:
            return _common_keys("SAMPLE-AES", uri, name, iv=constant_iv(name))
        case Encryption.CENC:
            return _common_keys("SAMPLE-AES-CTR", uri, name, iv=None)
        case _:
            assert_never(plan.protection.scheme)


def _common_keys(method: Method, uri: str, name: KeyId, *, iv: bytes | None) -> tuple[Key, ...]:
    """One for players that fetch the key itself (Shaka Player, ffmpeg), one for those that ask a licence server which
    they were told of (hls.js): its URI holds the id of the key."""
    licensed = f"data:application/octet-stream;base64,{b64encode(name).decode()}"
    return (
        Key(method=method, uri=uri, iv=iv),
        Key(method=method, uri=licensed, keyformat=CLEAR_KEY, keyformat_versions=(1,)),
    )


def _key_id(plan: Plan, place: int) -> KeyId:
    return key_id(plan.asset, KeyName(version=plan.version, place=place))
