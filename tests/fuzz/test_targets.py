"""Every target on its seeds, on what once broke it, and on inputs that Hypothesis makes up."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import TARGETS
from tests.fuzz.corpus import CRASHERS, SEEDS, crashers, seeds

MODULES: dict[str, Any] = {name: importlib.import_module(f"tests.fuzz.targets.{name}") for name in TARGETS}

LARGEST = 4096
"""Bytes of a seed: they are read in every run."""


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_what_once_broke_it(name: str) -> None:
    bodies = seeds(name)
    assert len(bodies) > 1
    assert max(map(len, bodies)) <= LARGEST
    for body in [*bodies, *crashers(name)]:
        MODULES[name].target(body)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(inputs=st.data())
def test_what_hypothesis_makes_up(name: str, inputs: st.DataObject) -> None:
    MODULES[name].target(inputs.draw(MODULES[name].STRATEGY, label="body"))


def test_folders_belong_to_targets() -> None:
    assert {folder.name for folder in SEEDS.iterdir()} == set(TARGETS)
    assert {file.parent.name for file in CRASHERS.glob("*/*")} <= set(TARGETS)


def test_atheris_runs_a_target() -> None:
    pytest.importorskip("atheris")
    command = [sys.executable, "-m", "tests.fuzz", "adts", "--seconds", "1"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
