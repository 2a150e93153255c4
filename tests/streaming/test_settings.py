from __future__ import annotations

import pytest

from infra.errors import SettingsError
from infra.settings import fields
from streaming.settings import ServiceSettings


def test_everything_has_a_default_and_a_meaning() -> None:
    settings = ServiceSettings.from_env({})
    assert settings.port == 8080
    assert all(item.help and item.env.startswith("CHANNEL_") for item in fields(ServiceSettings))


def test_addresses_lose_their_last_slash() -> None:
    settings = ServiceSettings.from_env({"CHANNEL_PUBLIC_URL": "https://video.example.org/"})
    assert settings.public_url == "https://video.example.org"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHANNEL_PORT", "0"),
        ("CHANNEL_PORT", "http"),
        ("CHANNEL_PORT", "70000"),
        ("CHANNEL_PUBLIC_URL", "video.example.org"),
        ("CHANNEL_MEDIA_BASE_URL", "ftp://cdn.example.org"),
        ("CHANNEL_MEDIA_BASE_URL", "https://cdn.example.org/?x=1"),
        ("CHANNEL_SEGMENT_WAIT_S", "soon"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        ServiceSettings.from_env({name: value})


def test_secrets_are_not_shown() -> None:
    env = {"CHANNEL_S3_SECRET_ACCESS_KEY": "hush-hush", "CHANNEL_DATABASE_URL": "postgresql://u:hush@h/d"}
    assert "hush" not in repr(ServiceSettings.from_env(env))
