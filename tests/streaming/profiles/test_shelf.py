from __future__ import annotations

import pytest

from streaming.profiles.errors import BrokenProfile, UnknownProfile
from streaming.profiles.shelf import ProfileFile, Shelf
from transcoder.profile import DEFAULT
from transcoder.profile_file import parse


def shelf(**texts: str) -> Shelf:
    return Shelf.of({name: ProfileFile(parsed=parse(text, name=name), text=text) for name, text in texts.items()})


def test_without_files_there_is_the_default() -> None:
    assert shelf().chosen("", tenant="ann") is DEFAULT
    assert shelf().chosen("default", tenant="ann") is DEFAULT


def test_a_tenant_has_a_profile_of_its_own() -> None:
    found = shelf(sports='tenants = ["ann", "bob"]\nsegment = 6', archive="segment = 10")
    assert found.chosen("", tenant="bob").name == "sports"
    assert found.chosen("", tenant="eve") is DEFAULT
    assert found.chosen("archive", tenant="ann").segment == 10


def test_the_default_can_be_replaced() -> None:
    assert shelf(default="segment = 6").chosen("", tenant="ann").segment == 6


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownProfile, match=r"did you mean sports\?"):
        shelf(sports="").chosen("sport", tenant="ann")
    with pytest.raises(UnknownProfile, match=r"there are default, sports\."):
        shelf(sports="").chosen("x" * 200, tenant="ann")


def test_a_broken_file_stands_in_the_way_of_those_who_need_it_only() -> None:
    found = shelf(sports='tenants = ["ann"]\nsegment = 11', other="")
    for name, tenant in (("sports", "eve"), ("", "ann")):
        with pytest.raises(BrokenProfile, match=r"sports\.toml: segment = 11: write 2 to 10"):
            found.chosen(name, tenant=tenant)
    assert found.chosen("", tenant="eve") is DEFAULT
    assert found.chosen("other", tenant="ann").name == "other"


def test_a_file_that_is_no_toml_holds_up_the_tenants_that_it_names() -> None:
    found = shelf(sports='tenants = ["ann"\nsegment = 6')
    with pytest.raises(BrokenProfile, match="not TOML"):
        found.chosen("", tenant="ann")
    assert found.chosen("", tenant="an") is DEFAULT


def test_nobody_has_two_defaults() -> None:
    found = shelf(sports='tenants = ["ann", "bob"]', archive='tenants = ["bob"]')
    for name in ("", "sports", "archive"):
        with pytest.raises(BrokenProfile, match=r'"bob" stands in sports\.toml and archive\.toml'):
            found.chosen(name, tenant="bob")


def test_what_this_machine_cannot_make_is_a_mistake() -> None:
    found = shelf(sports="", archive="")
    assert not found.asks_for_more
    with pytest.raises(BrokenProfile, match="needs an ffmpeg with libx264"):
        found.on_this_machine(frozenset()).chosen("sports", tenant="ann")


def test_what_needs_a_packager_that_is_not_there_is_a_mistake() -> None:
    found = shelf(sports="encryption = 'cbcs'", archive="encryption = 'aes-128'").without_packager()
    with pytest.raises(BrokenProfile, match="needs Shaka Packager"):
        found.chosen("sports", tenant="ann")
    assert found.chosen("archive", tenant="ann").name == "archive"
