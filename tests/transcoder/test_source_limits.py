from __future__ import annotations

import pytest

from infra.errors import SettingsError
from infra.settings import fields
from transcoder.settings import TranscoderSettings
from transcoder.source_limits import SourceLimits, refusal


def test_the_environment_decides() -> None:
    settings = TranscoderSettings.from_env({"CHANNEL_SOURCE_MAX_DURATION_S": "7200", "CHANNEL_INDEX_WALL_S": "30"})
    assert settings.source == SourceLimits(max_duration=7200, wall_s=30.0)
    assert settings.source.child.wall_s == 30.0


def test_every_limit_is_listed_with_the_worker() -> None:
    listed = {item.env for item in fields(TranscoderSettings)}
    assert {item.env for item in fields(SourceLimits)} <= listed


def test_nonsense_is_named() -> None:
    with pytest.raises(SettingsError, match="CHANNEL_SOURCE_MAX_GAP_S"):
        SourceLimits.from_env({"CHANNEL_SOURCE_MAX_GAP_S": "0"})


@pytest.mark.parametrize(
    ("code", "words"),
    [("too_large", "35651584"), ("too_long", "86400 s"), ("too_many_streams", "64"), ("broken_timeline", "3600 s")],
)
def test_a_refusal_names_the_limit(code: str, words: str) -> None:
    refused = refusal(code, SourceLimits(), cause="the operator's part")
    assert (refused.code, refused.cause) == (code, "the operator's part")
    assert words in str(refused)


def test_a_refusal_names_the_codec() -> None:
    assert "(codec: AC-4)" in str(refusal("unsupported_codec", SourceLimits(), codec="AC-4"))
    assert "(codec: unknown)" in str(refusal("unsupported_codec", SourceLimits()))
