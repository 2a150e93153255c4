from __future__ import annotations

from datetime import UTC, datetime

import pytest

from manifests.layout import AssetId
from streaming.catalog.model import Asset, AssetState, EditorialState
from streaming.playback.errors import AssetFailed, NothingToPlay, NotPlayableYet
from streaming.playback.policy import check_playable, media_lifetime, playlist_lifetime
from transcoder.facts import Failure

NOON = datetime(2028, 7, 21, 12, tzinfo=UTC)


def asset(
    state: AssetState,
    editorial: EditorialState = EditorialState.PUBLISHED,
    failure: Failure | None = None,
    growing: int | None = None,
) -> Asset:
    return Asset(
        id=AssetId("a"), state=state, editorial=editorial, version=1, last_version=1, growing=growing, revision=1,
        titles={"en": "A"},
        default_language="en", descriptions={}, tags=(), sport=None, discipline=None, duration_s=None, width=None,
        height=None, source_filename=None, source_size=None, failure=failure, profile="default", created_by="t",
        created_at=NOON, updated_at=NOON, published_at=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (AssetState.CREATED, NothingToPlay),
        (AssetState.UPLOADING, NothingToPlay),
        (AssetState.INDEXING, NotPlayableYet),
        (AssetState.PLAYABLE, None),
        (AssetState.READY, None),
        (AssetState.FAILED, AssetFailed),
    ],
)
def test_what_can_be_played(state: AssetState, error: type[Exception] | None) -> None:
    if error is None:
        check_playable(asset(state))
    else:
        with pytest.raises(error):
            check_playable(asset(state))


@pytest.mark.parametrize("state", [AssetState.UPLOADING, AssetState.INDEXING])
def test_what_has_arrived_can_be_played(state: AssetState) -> None:
    check_playable(asset(state, growing=1))
    assert playlist_lifetime(asset(state, growing=1), growing=True) == "public, max-age=1"
    assert playlist_lifetime(asset(state, EditorialState.DRAFT, growing=1), growing=True) == "private, no-store"


def test_a_failure_tells_the_viewer_the_reason_and_not_the_cause() -> None:
    failed = asset(AssetState.FAILED, failure=Failure(code="truncated", message="It ends early.", cause="argv"))
    with pytest.raises(AssetFailed, match="It ends early") as caught:
        check_playable(failed)
    assert caught.value.extensions == {"reason": "truncated"}


@pytest.mark.parametrize(
    ("state", "editorial", "playlist", "media"),
    [
        (AssetState.READY, EditorialState.PUBLISHED, "public, max-age=300", "public, max-age=31536000, immutable"),
        (AssetState.PLAYABLE, EditorialState.PUBLISHED, "public, max-age=5", "public, max-age=31536000, immutable"),
        (AssetState.READY, EditorialState.DRAFT, "private, no-store", "private, max-age=3600"),
        (AssetState.READY, EditorialState.TAKEN_DOWN, "private, no-store", "private, max-age=3600"),
    ],
)
def test_how_long_answers_are_kept(state: AssetState, editorial: EditorialState, playlist: str, media: str) -> None:
    assert playlist_lifetime(asset(state, editorial)) == playlist
    assert media_lifetime(asset(state, editorial)) == media
