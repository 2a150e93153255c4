from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from manifests.layout import AssetId
from transcoder.encryption.key_ids import SIZE, KeyName, key_id, parse, parse_text

ASSET = AssetId("UAO1OXE24gRBBThpgV1qEQ")
numbers = st.integers(0, 2**32 - 1)


@given(version=numbers, place=numbers)
def test_a_name_says_what_the_key_is_for(version: int, place: int) -> None:
    name = KeyName(version=version, place=place)
    made = key_id(ASSET, name)
    assert len(made) == SIZE
    assert parse(ASSET, made) == name
    assert parse_text(ASSET, made.hex()) == name


def test_keys_of_another_asset_are_told_apart() -> None:
    other = key_id(AssetId("other"), KeyName(version=1, place=0))
    assert parse(ASSET, other) is None
    assert parse_text(ASSET, other.hex()) is None


@given(st.binary(max_size=40))
def test_bytes_that_are_no_name_are_none(body: bytes) -> None:
    found = parse(ASSET, body)
    assert found is None or key_id(ASSET, found) == body


def test_there_is_one_way_to_write_a_name() -> None:
    text = key_id(ASSET, KeyName(version=1, place=10)).hex()
    for other in (text.upper(), f" {text}", f"{text}\n", text[:-1], f"{text}0", f"0x{text[2:]}", ""):
        assert parse_text(ASSET, other) is None, other
