from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from manifests.layout import RenditionId
from transcoder.describe import beside, key_count, media, multivariant, static_manifests
from transcoder.describe.encryption import segment_keys, session_keys
from transcoder.encryption.key_ids import KeyName, key_id
from transcoder.growing.growth import cut
from transcoder.measured import Measured, RenditionSizes
from transcoder.plan import Protection
from transcoder.profile import Encryption

if TYPE_CHECKING:
    from transcoder.plan import Plan


def aes(plan: Plan, period: int = 0) -> Plan:
    return replace(plan, protection=Protection(scheme=Encryption.AES_128, period=period))


@pytest.mark.parametrize(
    ("period", "keys"), [(0, 1), (1, 20), (2, 10), (3, 7), (7, 3), (19, 2), (20, 1), (21, 1)]
)  # fmt: skip
def test_each_key_is_named_where_it_begins(plan: Plan, period: int, keys: int) -> None:
    plan = aes(plan, period)
    named = {number: found for number in range(20) if (found := segment_keys(plan, number))}
    assert list(named) == list(range(0, 20, period or 20))
    assert len(named) == keys == key_count(plan)
    for place, ((key,), number) in enumerate(zip(named.values(), named, strict=True)):
        name = key_id(plan.asset, KeyName(version=1, place=place)).hex()
        assert (key.method, key.uri) == ("AES-128", f"../keys/{name}"), number


def test_players_are_told_the_first_key_at_once(plan: Plan) -> None:
    (key,) = session_keys(aes(plan, 2))
    (first,) = segment_keys(aes(plan, 2), 0)
    assert f"../{key.uri}" == first.uri
    text = multivariant(aes(plan, 2), None, uri_of=str).render()
    assert text.count("#EXT-X-SESSION-KEY:METHOD=AES-128") == 1
    assert "KEY" not in multivariant(plan, None, uri_of=str).render()


@given(period=st.integers(0, 25), segments=st.integers(1, 19))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_playlist_that_grows_changes_at_its_end_alone(plan: Plan, period: int, segments: int) -> None:
    assert plan.video is not None
    plan = replace(aes(plan, period), grown=True)
    for rendition in plan.renditions():
        early, late = (
            media(cut(plan, plan.video.starts[:count]), rendition, uri_of=str, ended=False).render()
            for count in (segments, segments + 1)
        )
        assert late.startswith(early)


def test_dash_has_no_word_for_it_and_the_bucket_no_mpd(plan: Plan) -> None:
    sizes = Measured(
        asset=plan.asset, version=1,
        renditions={
            RenditionId(name): RenditionSizes(init=700, segments=(50_000,) * count)
            for name, count in plan.renditions().items()
        },
    )  # fmt: skip
    clear, encrypted = (static_manifests(each, sizes) for each in (plan, aes(plan, 5)))
    assert clear.keys() - encrypted.keys() == {"media/asset/index.mpd"}
    lines = encrypted["media/asset/a1-1/index.m3u8"].splitlines()
    assert lines.index('#EXT-X-MAP:URI="init.mp4"') + 1 == next(
        place for place, line in enumerate(lines) if line.startswith("#EXT-X-KEY:")
    )
    assert beside("media/asset/")("media/asset/a1-1/index.m3u8") in encrypted["media/asset/index.m3u8"]
