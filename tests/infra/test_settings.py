from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import pytest

from infra.errors import SettingsError
from infra.settings import InfraSettings, S3Settings, fields, read, setting


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    number: int = setting(3, env="X_NUMBER", help="a number", unit="tasks")
    share: float = setting(0.5, env="X_SHARE", help="a share")
    on: bool = setting(False, env="X_ON", help="a switch")
    wait: timedelta = setting(timedelta(seconds=10), env="X_WAIT_S", help="a wait", unit="s")
    folder: Path | None = setting(None, env="X_FOLDER", help="a folder")
    colour: Colour = setting(Colour.RED, env="X_COLOUR", help="a colour")
    word: str = setting("w", env="X_WORD", help="a secret word", secret=True)
    s3: S3Settings = field(default_factory=S3Settings)


def test_an_empty_environment_gives_the_defaults() -> None:
    assert read(Everything, {}) == read(Everything, {"X_NUMBER": "", "X_ON": " "}) == Everything()


def test_every_type_is_read() -> None:
    env = {
        "X_NUMBER": "7", "X_SHARE": ".25", "X_ON": "yes", "X_WAIT_S": "1.5", "X_FOLDER": "/srv", "X_COLOUR": "blue",
        "X_WORD": "hush", "CHANNEL_S3_BUCKET": "media",
    }  # fmt: skip
    assert read(Everything, env) == Everything(
        number=7,
        share=0.25,
        on=True,
        wait=timedelta(seconds=1.5),
        folder=Path("/srv"),
        colour=Colour.BLUE,
        word="hush",
        s3=S3Settings(bucket="media"),
    )


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"X_NUMBER": "many"}, "X_NUMBER: 'many' is not a whole number of tasks"),
        ({"X_WAIT_S": "1s"}, "X_WAIT_S: '1s' is not a number of s"),
        ({"X_ON": "perhaps"}, "X_ON: 'perhaps' is not 1 or 0"),
        ({"X_COLOUR": "green"}, "X_COLOUR: 'green' is not one of red, blue"),
    ],
)
def test_what_is_wrong_is_named(env: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        read(Everything, env)


@pytest.mark.parametrize(
    ("default", "shown"),
    [(timedelta(days=30), "2592000"), (timedelta(0), "0"), (timedelta(seconds=1.5), "1.5")],
)
def test_a_default_is_shown_as_one_would_write_it(default: timedelta, shown: str) -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Kept:
        ttl: timedelta = setting(default, env="X_TTL_S", help="how long", unit="s")

    assert [item.default for item in fields(Kept)] == [shown]


def test_fields_tell_what_the_documentation_needs() -> None:
    found = {item.env: item for item in fields(Everything)}
    assert found["X_WAIT_S"].default == "10"
    assert found["X_WAIT_S"].unit == "s"
    assert found["X_ON"].default == "0"
    assert found["X_FOLDER"].default is None
    assert found["X_WORD"].secret
    assert found["CHANNEL_S3_BUCKET"].default == "channel"


def test_secrets_are_not_shown() -> None:
    env = {
        "CHANNEL_S3_SECRET_ACCESS_KEY": "hush",
        "CHANNEL_DATABASE_URL": "postgresql://u:hush@db/c",
        "CHANNEL_REDIS_URL": "redis://:hush@redis/0",
    }
    assert "hush" not in repr(InfraSettings.from_env(env))


def test_the_database_lies_in_the_home_folder() -> None:
    assert InfraSettings.from_env({"CHANNEL_HOME": "/srv/channel"}).database_url == "sqlite:////srv/channel/channel.db"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHANNEL_REDIS_URL", "http://:hush@redis"),
        ("CHANNEL_DATABASE_URL", "mysql://u:hush@db/c"),
        ("CHANNEL_LOG_LEVEL", "loud"),
        ("CHANNEL_LOG_FORMAT", "xml"),
    ],
)
def test_a_url_or_word_that_cannot_be_meant_is_refused_without_showing_it_whole(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        InfraSettings.from_env({name: value})
    assert "hush" not in str(caught.value)
