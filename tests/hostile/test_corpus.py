"""Every hostile file ends in a clear refusal or a correct result, and the next sound one is made."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.hostile import bombs, damage, references
from tests.hostile.case import MADE, REFUSALS
from tests.hostile.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile.case import Case
    from tests.hostile.seed import Seed

CASES: Final = (*references.CASES, *damage.CASES, *bombs.CASES)
_TOGETHER: Final = 12
"""Files that one worker takes, one after the other, before it gets a sound one."""
GROUPS: Final = [CASES[first : first + _TOGETHER] for first in range(0, len(CASES), _TOGETHER)]

TABLE: Final = Path(__file__).with_name("media.tsv")
"""Of each file of the folder "hostile" among the test media: which item of the list it stands for."""
MEDIA: Final = dict(line.split("\t") for line in TABLE.read_text("utf-8").splitlines()[1:])
OPENINGS: Final = {"ax_long_4k_av1.mp4": "minutes of 4K", "timescale_zero.mp4": "minutes of nothing"}
"""Sound by what they say of themselves, and long: the first segment is proof enough."""
SHARES: Final = [sorted(MEDIA)[first::6] for first in range(6)]


def _promised(name: str) -> str:
    """What tests/golden/sources.tsv says of a file: `MADE`, or the code of its refusal."""
    golden = Path(__file__).parents[1] / "golden" / "sources.tsv"
    line = next(line for line in golden.read_text("utf-8").splitlines() if line.startswith(f"hostile/{name}\t"))
    _, refused, code = line.partition("refused: ")
    return code if refused else MADE


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: f"{group[0]}..{group[-1]}")
async def test_made_files(group: tuple[Case, ...], seed: Seed, watched: Callable[[], Any]) -> None:
    found = {}
    with watched() as folder:
        trial = Trial(folder / "sources")
        async with trial.house.working():
            for case in group:
                found[case.name] = await trial.outcome(case.make(seed), opening=case.opening)
            assert await trial.outcome(seed.clip("mp4")) == MADE
    wrong = {case.name: found[case.name] for case in group if found[case.name] not in case.expected}
    assert wrong == {}


@pytest.mark.parametrize("names", SHARES, ids=lambda names: f"{names[0]}..")
async def test_collected_files(names: list[str], media: Path, seed: Seed, watched: Callable[[], Any]) -> None:
    found = {}
    with watched() as folder:
        trial = Trial(folder / "sources")
        async with trial.house.working():
            for name in names:
                body = (media / "hostile" / name).read_bytes()
                found[name] = await trial.outcome(body, opening=name in OPENINGS)
            assert await trial.outcome(seed.clip("mp4")) == MADE
    assert found == {name: _promised(name) for name in names}


def test_every_collected_file_has_its_row(media: Path) -> None:
    assert {path.name for path in (media / "hostile").iterdir()} == MEDIA.keys()
    assert {_promised(name) for name in MEDIA} <= REFUSALS | {MADE}


def test_the_corpus_is_of_every_kind() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 60
    items = {case.item for case in CASES} | {int(item) for item in MEDIA.values()}
    assert items == {*range(1, 20), 21, 22} - {17, 18}  # docs/security.md says where the others are


def test_the_page_says_of_every_input_what_shows_it() -> None:
    root = Path(__file__).parents[2]
    rows = [line.split("|")[1:-1] for line in (root / "docs" / "security.md").read_text("utf-8").splitlines()]
    items = {int(row[0]): row for row in rows if len(row) == 4 and row[0].strip().isdigit()}
    assert items.keys() == set(range(1, 26))
    for *_, shown in items.values():
        for path in re.findall(r"`(tests/[^`]+)`", shown):
            assert (root / path).is_file(), path
