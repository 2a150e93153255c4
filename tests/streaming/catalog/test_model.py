from __future__ import annotations

import pytest

from streaming.catalog.model import ENCODING, FINAL, SETTLED, VIEWABLE, AssetState, EditorialState, new_asset_id


def reachable(state: AssetState | EditorialState) -> set[AssetState | EditorialState]:
    found = {state}
    while new := {after for each in found for after in each.following} - found:
        found |= new
    return found


@pytest.mark.parametrize("first", [AssetState.CREATED, EditorialState.DRAFT])
def test_every_state_can_be_reached(first: AssetState | EditorialState) -> None:
    assert reachable(first) == set(type(first))


def test_no_state_follows_itself() -> None:
    assert not [state for kind in (AssetState, EditorialState) for state in kind if state in state.following]


def test_the_named_sets_agree_with_the_tables() -> None:
    assert {state for state in EditorialState if not state.following} == FINAL
    assert not AssetState.READY.following
    assert {after for state in ENCODING for after in state.following} == SETTLED | {AssetState.PLAYABLE}
    assert {AssetState.PLAYABLE, AssetState.READY} == VIEWABLE


def test_a_source_that_plays_is_never_replaced() -> None:
    assert not any(AssetState.UPLOADING in reachable(state) - {AssetState.FAILED} for state in {AssetState.READY})
    assert AssetState.UPLOADING not in AssetState.PLAYABLE.following


def test_names_do_not_repeat() -> None:
    assert len({new_asset_id() for _ in range(1000)}) == 1000
