from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcoder.profile import DEFAULT, LADDER, Codec, Encryption, Profile
from transcoder.profile_fields import FIELDS, TENANTS
from transcoder.profile_file import on_this_machine, parse, render, without_packager

_PAGE = Path(__file__).parents[2] / "docs" / "profiles.md"


def test_the_page_shows_the_default_whole() -> None:
    blocks = [each.partition("```")[0] for each in _PAGE.read_text().split("```toml\n")[1:]]
    assert render(DEFAULT) in blocks
    for number, block in enumerate(blocks):
        assert parse(block, name=f"example{number}").errors == ()


def test_the_default_written_as_a_file_is_the_default() -> None:
    assert parse(render(DEFAULT), name="default").profile == DEFAULT


def test_an_empty_file_is_the_default_under_another_name() -> None:
    assert parse("", name="mine").profile == replace(DEFAULT, name="mine", description="")


def test_every_field_of_a_profile_can_be_written() -> None:
    assert {field.name for field in FIELDS} | {"name", "ladder"} == {field.name for field in fields(Profile)}


@pytest.mark.parametrize("field", [*FIELDS, TENANTS], ids=lambda field: field.name)
def test_every_example_is_allowed(field: object) -> None:
    name, example = getattr(field, "name"), getattr(field, "example")  # noqa: B009 - a table's row
    assert parse(f"{name} = {example}", name="mine").errors == ()


@given(
    st.builds(
        Profile, name=st.just("mine"), description=st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=40)
        .filter(str.isprintable), gop=st.sampled_from([1, 2]), segment=st.sampled_from([2, 4, 10]),
        play_early=st.booleans(), per_title=st.booleans(), quality=st.sampled_from([50.0, 93.5, 100.0]),
        loudness=st.sampled_from([None, -23.0, -16.5]), surround=st.booleans(), captions=st.booleans(),
        ladder=st.sampled_from([LADDER, LADDER[2:], (replace(LADDER[3], width=1152, maxrate=2_100_000),)]),
    )
)  # fmt: skip
def test_what_is_shown_says_the_same(profile: Profile) -> None:
    again = parse(render(profile, tenants=('Ann "the" editor',)), name="mine")
    assert (again.profile, again.tenants, again.errors) == (profile, ('Ann "the" editor',), ())


def test_steps_are_sorted_and_filled_in() -> None:
    found = parse(
        "[[ladder]]\nheight = 720\naverage_kbps = 2501\nframe_rate = 'half'\n"
        "[[ladder]]\nwidth = 480\nheight = 480\naverage_kbps = 800\nmax_kbps = 1000\ncrf = 30\n",
        name="mine",
    ).profile
    assert found is not None
    small, large = found.ladder
    assert (small.width, small.height, small.crf, small.peak, small.halved) == (480, 480, 30, Fraction(5, 4), False)
    assert (large.width, large.height, large.crf, large.peak, large.halved) == (1280, 720, 22, Fraction(3, 2), True)


MISTAKES = {
    "segmnt = 4": "segmnt: there is no such field; did you mean segment?",
    "zzzzzz = 4": "zzzzzz: there is no such field; there are tenants, description,",
    "segment = 11": "segment = 11: write 2 to 10 (seconds), a multiple of gop, for example segment = 4",
    "segment = 4.0": "segment = 4: write 2 to 10",
    "gop = true": "gop = true: write 1 to 4",
    "gop = 3": "segment = 4: not a multiple of gop = 3, for example segment = 3",
    "loudness = -3": 'loudness = -3: write -31 to -9 (LUFS), or "source", for example loudness = -16',
    "captions = 'yes'": 'captions = "yes": write true or false',
    "description = 'a\\tb'\nquality = nan": "quality = nan: write 50 to 100",
    "codecs = ['vp9']": 'codecs = ["vp9"]: write a list of "h264"',
    "codecs = ['h264', 'h264']": "none twice",
    "encryption = 'rot13'": 'encryption = "rot13": write "none"',
    "key_rotation = 60": 'key_rotation = 60: there is no key with encryption = "none"',
    "encryption = 'cbcs'\nkey_rotation = 60":
        "key_rotation = 60: cbcs has one key for all, which the init section names; write 0",
    "encryption = 'aes-128'\nkey_rotation = 30":
        "key_rotation = 30: not a multiple of segment = 4, for example key_rotation = 32",
    "encryption = 'aes-128'\nsegment = 6\nkey_rotation = 2":
        "key_rotation = 2: not a multiple of segment = 6, for example key_rotation = 6",
    "tenants = 'ann'": 'tenants = "ann": write a list of names',
    "ladder = 5": "ladder: write a table [[ladder]] for each step",
    "ladder = []": "ladder: 0 steps: write 1 to 12",
    "ladder = [{height = 720}]": "ladder, step 1: average_kbps is missing, for example average_kbps = 3000",
    "ladder = [{hight = 720, average_kbps = 900}]":
        "ladder, step 1: hight: there is no such field; did you mean height?",
    "ladder = [{height = 721, average_kbps = 900}]": "ladder, step 1: height = 721: write an even number from 64",
    "ladder = [{height = 720, average_kbps = 900, max_kbps = 800}]": "max_kbps = 800 is less than average_kbps",
    "ladder = [{height = 360, average_kbps = 900}, {height = 720, average_kbps = 900}]":
        "ladder, 1280x720: average_kbps = 900 is not more than the 900 of 640x360",
    "ladder = [{height = 720, average_kbps = 900}, {height = 720, average_kbps = 950}]":
        "ladder: two steps of 1280x720",
    "gop = 2\nsegment = x": "this is not TOML: Invalid value (at line 2, column 11)",
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), MISTAKES.items(), ids=MISTAKES)
def test_a_mistake_is_told_with_file_field_and_what_is_right(text: str, said: str) -> None:
    found = parse(text, name="mine")
    assert found.profile is None
    assert [error for error in found.errors if error.startswith("mine.toml: ") and said in error], found.errors


def test_all_mistakes_are_told_at_once() -> None:
    assert len(parse("gap = 2\nsegment = 99\ncaptions = 1\nladder = [{height = 1}]", name="mine").errors) == 5


def test_a_file_must_have_a_name_that_can_be_said() -> None:
    assert parse("", name="two words").errors == ("two words.toml: name it by letters, digits, - and _, 64 at most",)


def test_steep_peaks_are_doubted_and_done() -> None:
    found = parse("ladder = [{height = 720, average_kbps = 1000, max_kbps = 2000}]", name="mine")
    assert found.profile is not None
    assert "1600 does not" in found.warnings[0]


def test_a_machine_may_lack_an_encoder() -> None:
    found = parse("", name="mine")
    assert on_this_machine(found, {"libx264"}) == found
    other = replace(found, profile=replace(DEFAULT, codecs=(Codec.H264, Codec.AV1)))
    lacking = on_this_machine(other, {"libx264", "libx265"})
    assert lacking.profile is None
    assert lacking.errors == ("mine.toml: codecs: av1 needs an ffmpeg with libsvtav1",)


def test_a_machine_may_lack_a_packager() -> None:
    for scheme in Encryption:
        found = parse(f'encryption = "{scheme}"', name="mine")
        assert found.profile is not None
        lacking = without_packager(found)
        if scheme in (Encryption.CBCS, Encryption.CENC):
            assert lacking.profile is None
            assert lacking.errors == (
                f"mine.toml: encryption: {scheme} needs Shaka Packager: install it, or set CHANNEL_PACKAGER",
            )
        else:
            assert lacking == found
