from __future__ import annotations

from datetime import timedelta

import pytest

from infra.errors import SettingsError
from streaming.sessions.settings import SessionSettings


def test_settings_come_from_the_environment() -> None:
    env = {"CHANNEL_HEARTBEAT_S": "60", "CHANNEL_SESSION_SHARDS": "64", "CHANNEL_SESSION_SECRET": "0123456789abcdef"}
    settings = SessionSettings.from_env(env)
    assert settings.interval == timedelta(seconds=60)
    assert settings.first_interval == timedelta(seconds=10)
    assert settings.shards == 64
    assert "0123456789abcdef" not in repr(settings)


@pytest.mark.parametrize(
    "env",
    [
        {"CHANNEL_SESSION_SHARDS": "0"}, {"CHANNEL_SESSION_SHARDS": "257"}, {"CHANNEL_SESSION_SECRET": "short"},
        {"CHANNEL_HEARTBEAT_S": "0"}, {"CHANNEL_HEARTBEAT_FIRST_S": "0.5"},
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused(env: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(env))):
        SessionSettings.from_env(env)
