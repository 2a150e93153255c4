from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from infra.errors import TaskAbandoned
from infra.ports import Attempt
from transcoder.errors import ChildFailed, ChildTimedOut, KeysUnreadable
from transcoder.failures import MESSAGES, failure, of_task
from transcoder.source_limits import SourceLimits, refusal
from transcoder.windows import finish_task, index_task

ROOT = Path(__file__).resolve().parents[2]
_DO = re.compile(r"\b(Upload|Export|Cut|Rewrite|Ask|check)\b")


@pytest.mark.parametrize("code", MESSAGES)
def test_every_reason_says_what_to_do(code: str) -> None:
    assert _DO.search(MESSAGES[code])


def test_every_reason_is_documented_as_it_is_told() -> None:
    page = (ROOT / "docs" / "failures.md").read_text()
    assert dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", page, re.MULTILINE)) == MESSAGES


@pytest.mark.parametrize("code", [code for code, text in MESSAGES.items() if "{max" in text])
def test_limits_are_named_by_their_value(code: str) -> None:
    (name,) = {field for _, field, _, _ in Formatter().parse(MESSAGES[code]) if field}
    refused = refusal(code, SourceLimits(), cause="why")
    assert str(getattr(SourceLimits(), name)) in str(refused)
    assert (refused.code, refused.cause) == (code, "why")


def test_a_child_out_of_time_is_told_from_one_that_failed() -> None:
    attempt = Attempt(task=index_task("asset", 1), number=5, last=True)
    slow = of_task(attempt, ChildTimedOut("ran past 60 s", argv=("ffmpeg", "-i", "a b")))
    assert slow.code == "index_too_slow"
    assert slow.cause.startswith("asset/1/index, try 5: ChildTimedOut: ran past 60 s")
    assert "ffmpeg -i 'a b'" in slow.cause
    assert of_task(attempt, ChildFailed("ended with 1", stderr="no such stream")).code == "index_failed"
    assert of_task(Attempt(task=finish_task("asset", 1), number=5, last=True), OSError()).code == "finish_failed"


def test_who_took_ten_workers_with_him_is_not_called_damaged() -> None:
    attempt = Attempt(task=index_task("asset", 1), number=11, last=True)
    found = of_task(attempt, TaskAbandoned())
    assert (found.code, "damaged" in found.message) == ("abandoned", False)
    assert found.cause.startswith("asset/1/index, try 11: TaskAbandoned")


def test_keys_that_cannot_be_read_are_the_operators_affair() -> None:
    attempt = Attempt(task=finish_task("asset", 1), number=5, last=True)
    found = of_task(attempt, KeysUnreadable("content keys are wrapped by the key 0a1b2c3d"))
    assert found.code == "keys_unreadable"
    assert "0a1b2c3d" in found.cause


def test_a_reason_without_words_is_an_error() -> None:
    with pytest.raises(KeyError):
        failure("bad_luck")
