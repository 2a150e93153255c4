from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from manifests import hls
from manifests.layout import RenditionId
from tests.mpd_rules import faults
from transcoder.captions.listed import ListedTrack
from transcoder.describe import beside, iframes, key_count, media, mpd, multivariant, static_manifests
from transcoder.describe.encryption import content_protection, segment_keys, session_keys
from transcoder.encryption.common_init import constant_iv
from transcoder.encryption.key_ids import KeyName, key_id
from transcoder.growing.growth import cut
from transcoder.measured import IFrame, Measured, RenditionSizes
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
    assert plan.video is not None
    picture, sound = plan.video.rungs[0].id, plan.audio[0].id
    named = {number: found for number in range(20) if (found := segment_keys(plan, picture, number))}
    assert list(named) == list(range(0, 20, period or 20))
    assert len(named) == keys == key_count(plan)
    for place, ((key,), number) in enumerate(zip(named.values(), named, strict=True)):
        name = key_id(plan.asset, KeyName(version=1, place=place)).hex()
        assert (key.method, key.uri) == ("AES-128", f"../keys/{name}"), number
        # Another address for the same bytes: in hls.js the sound waits for what is given up with the pictures.
        assert segment_keys(plan, sound, number) == (replace(key, uri=f"../keys/{name}?for=audio"),)


def test_players_are_told_the_first_key_at_once(plan: Plan) -> None:
    plan, clear = aes(plan, 2), plan
    assert plan.video is not None
    first = [
        key for rendition in (plan.video.rungs[0].id, plan.audio[0].id) for key in segment_keys(plan, rendition, 0)
    ]
    assert [replace(key, uri=f"../{key.uri}") for key in session_keys(plan)] == first
    assert [key.uri for key in session_keys(replace(plan, audio=()))] == [first[0].uri[3:]]
    assert [key.uri for key in session_keys(replace(plan, video=None))] == [first[1].uri[3:]]
    text = multivariant(plan, None, uri_of=str).render()
    assert text.count("#EXT-X-SESSION-KEY:METHOD=AES-128") == 2
    assert "KEY" not in multivariant(clear, None, uri_of=str).render()


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


def common(plan: Plan, scheme: Encryption) -> Plan:
    return replace(plan, protection=Protection(scheme=scheme))


METHODS = [(Encryption.CBCS, "SAMPLE-AES"), (Encryption.CENC, "SAMPLE-AES-CTR")]


@pytest.mark.parametrize(("scheme", "method"), METHODS)
def test_keys_of_samples_are_named_for_those_who_fetch_and_those_who_ask(
    plan: Plan, scheme: Encryption, method: str
) -> None:
    plan = common(plan, scheme)
    name = key_id(plan.asset, KeyName(version=1, place=0))
    assert plan.video is not None
    picture, sound = plan.video.rungs[0].id, plan.audio[0].id
    fetched, licensed = segment_keys(plan, picture, 0)
    assert segment_keys(plan, sound, 0) == (fetched, licensed)
    assert (fetched.method, fetched.uri, fetched.keyformat) == (method, f"../keys/{name.hex()}", None)
    assert fetched.iv == (constant_iv(name) if scheme is Encryption.CBCS else None)
    assert (licensed.method, licensed.keyformat, licensed.iv) == (method, "org.w3.clearkey", None)
    assert b64decode((licensed.uri or "").partition("base64,")[2]) == name
    assert [segment_keys(plan, picture, number) for number in range(1, 20)] == [()] * 19
    assert [replace(key, uri=f"../{key.uri}") if key.keyformat is None else key for key in session_keys(plan)] == [
        fetched, licensed,
    ]  # fmt: skip
    text = media(plan, plan.audio[0].id, uri_of=str).render()
    assert text.index("#EXT-X-MAP") < text.index("#EXT-X-KEY"), "the init section is clear (RFC 8216bis §4.4.4.5)"
    assert text.count("#EXT-X-KEY") == 2
    assert hls.parse(text).render() == text


def test_i_frames_have_the_key_of_their_segments(plan: Plan) -> None:
    plan = common(plan, Encryption.CBCS)
    assert plan.video is not None
    rung = plan.video.rungs[0].id
    pictures = ((IFrame(0, 0, 1000), IFrame(50, 30_000, 1000)),) * 20
    sizes = Measured(
        asset=plan.asset, version=1,
        renditions={rung: RenditionSizes(init=700, segments=(50_000,) * 20, iframes=pictures)},
    )  # fmt: skip
    listed = iframes(plan, sizes, rung, uri_of=str)
    assert [each.keys for each in listed.segments] == [segment_keys(plan, rung, 0), *[()] * 39]


@pytest.mark.parametrize("scheme", [Encryption.CBCS, Encryption.CENC])
def test_dash_says_who_gives_the_key(plan: Plan, scheme: Encryption) -> None:
    plan = common(plan, scheme)
    assert plan.encryption.has_dash
    text = ListedTrack(rendition=RenditionId("t1-1"), language="en", name="English", kind="captions")
    address = "https://tv.test/v/asset/license"
    document = mpd(plan, None, captions=(text,), uri_of=str, license_url=address).render()
    assert faults(document) == []
    told = content_protection(plan, address)
    assert told is not None
    assert (told.scheme, told.key_id) == (scheme.value, key_id(plan.asset, KeyName(version=1, place=0)))
    # Pictures and sound; captions are clear.
    assert document.count(address) == document.count(str(UUID(bytes=told.key_id))) == 2
    assert content_protection(replace(plan, protection=None), address) is None
    assert "Protection" not in mpd(replace(plan, protection=None), None, uri_of=str, license_url=address).render()
