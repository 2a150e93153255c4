from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from infra.errors import BucketMissing, ObjectStoreError, StoreBusy, StoreForbidden, StoreFull
from transcoder.live.upload_trouble import UploadTrouble, sentence_of

if TYPE_CHECKING:
    import pytest


def test_the_cause_is_logged_once_an_outage_and_the_end_too(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    trouble = UploadTrouble(lambda: now)

    def levels() -> list[str]:
        found = [record.levelname for record in caplog.records]
        caplog.clear()
        return found

    with caplog.at_level(logging.INFO, "channel.live"):
        for second in range(10_000):
            now = float(second)
            trouble.refused("a", StoreForbidden("expired"))
            trouble.taken()  # one in two comes through
        assert levels() == ["WARNING"]
        trouble.refused("a", StoreBusy("slow down"))
        assert levels() == ["WARNING"], "another cause"
        for _ in range(100):
            trouble.given_up("b")
        assert levels() == ["ERROR"]
        trouble.taken()
        assert levels() == []
        now += 60
        trouble.taken()
        trouble.taken()
        (end,) = caplog.records
        assert (end.levelname, end.__dict__["given_up"], end.__dict__["lasted_s"]) == ("INFO", 100, 9999.0)
        caplog.clear()
        trouble.refused("a", StoreForbidden("expired"))
        assert levels() == ["WARNING"], "another outage"


def test_what_no_store_answers_with_has_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    trouble = UploadTrouble(lambda: 0.0)
    trouble.refused("a", KeyError("ETag"))
    trouble.refused("a", ObjectStoreError("reset"))
    assert [record.exc_info is not None for record in caplog.records] == [True, False]


def test_every_cause_has_words_of_its_own() -> None:
    kinds = (StoreForbidden, BucketMissing, StoreBusy, StoreFull, ObjectStoreError)
    sentences = {sentence_of(kind("arn:aws:iam")) for kind in kinds}
    assert len(sentences) == len(kinds)
    assert not any("arn" in sentence for sentence in sentences)
