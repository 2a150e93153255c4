from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks.__main__ import chosen
from benchmarks.catalogue import BENCHMARKS, Benchmark

DOCS = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def names(*arguments: str) -> list[str]:
    return [each.module for each in chosen(arguments)[0]]


def test_those_named_run_in_that_order() -> None:
    assert names("scaling", "length") == ["scaling", "length"]
    assert chosen(["scaling"])[1] is False


def test_without_a_name_all_run() -> None:
    assert names() == [each.module for each in BENCHMARKS]


def test_a_quick_look_is_at_those_that_have_a_small_form() -> None:
    assert names("--quick") == [each.module for each in BENCHMARKS if each.quick]
    assert chosen(["--quick", "scaling"])[1] is True


def test_help_says_what_each_is_and_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        chosen(["--help"])
    said = capsys.readouterr().out
    for each in BENCHMARKS:
        assert f"{each.module} " in said
        assert f"{each.about} (about {each.minutes:g} min)" in said


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["scalling"], "there is no benchmark 'scalling'"),
        (["--quick", "growing"], "growing has no small form"),
    ],
)
def test_what_cannot_run_is_said_before_anything_does(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        chosen(arguments)
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("each", BENCHMARKS, ids=lambda each: each.module)
def test_every_one_can_run_and_is_described(each: Benchmark) -> None:
    assert ("quick" in inspect.signature(import_module(f"benchmarks.{each.module}").run).parameters) is each.quick
    assert f"`{each.module}`" in DOCS.read_text()
