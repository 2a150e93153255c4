"""What may be played and how long an answer may be kept. Pure.

Who may see an asset at all is `streaming.catalog.policy.check_visible`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from manifests.media_types import IMMUTABLE
from streaming.catalog.model import AssetState, EditorialState
from streaming.playback.errors import AssetFailed, NothingToPlay, NotPlayableYet

if TYPE_CHECKING:
    from streaming.catalog.model import Asset

_SETTLED_PLAYLIST: Final = "public, max-age=300"
_CHANGING_PLAYLIST: Final = "public, max-age=5"
_NAMING_PLAYLIST: Final = "public, max-age=10"
_GROWING_PLAYLIST: Final = "public, max-age=1"
_PRIVATE_PLAYLIST: Final = "private, no-store"
_PRIVATE_MEDIA: Final = "private, max-age=3600"


def is_public(asset: Asset) -> bool:
    return asset.editorial is EditorialState.PUBLISHED


def check_playable(asset: Asset) -> None:
    """Raises NothingToPlay, NotPlayableYet, AssetFailed unless the asset has a plan and goes on."""
    if asset.playing is not None:
        return
    match asset.state:
        case AssetState.INDEXING | AssetState.PLAYABLE | AssetState.READY:
            raise NotPlayableYet
        case AssetState.CREATED | AssetState.UPLOADING:
            raise NothingToPlay
        case AssetState.FAILED:
            if asset.failure is None:
                raise AssetFailed
            raise AssetFailed(asset.failure.message, reason=asset.failure.code)
        case _:
            assert_never(asset.state)


def playlist_lifetime(asset: Asset, *, growing: bool = False, naming: bool = False) -> str:
    """Cache-Control of a playlist: minutes once the asset is ready, seconds while its bandwidths are not measured yet,
    a second while segments are added to it; seconds always for one that names the renditions (`naming`), for they are
    others once the source is replaced.

    What is shown to editors only is kept by nobody.
    """
    if not is_public(asset):
        return _PRIVATE_PLAYLIST
    if growing:
        return _GROWING_PLAYLIST
    if asset.state is not AssetState.READY:
        return _CHANGING_PLAYLIST
    return _NAMING_PLAYLIST if naming else _SETTLED_PLAYLIST


def media_lifetime(asset: Asset) -> str:
    """Cache-Control of segments and init sections: their URLs are never used for other bytes."""
    return IMMUTABLE if is_public(asset) else _PRIVATE_MEDIA
