"""Settings: frozen dataclasses whose fields say their environment variable, default, unit and meaning.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Some:
        wait: timedelta = setting(timedelta(seconds=10), env="CHANNEL_SOME_WAIT_S", unit="s", help="…")

    Some.from_env(os.environ)  →  read(Some, os.environ)

Nothing is read at import time: the entry point reads once and passes values down.
"""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from infra.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

T = TypeVar("T")

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One environment variable. `default` is as one would write it in the environment; None if there is none."""

    env: str
    default: str | None
    unit: str
    help: str
    secret: bool


def setting(default: Any, *, env: str, help: str, unit: str = "", secret: bool = False, shown: str = "") -> Any:
    """A field read from the environment variable `env`; `shown` describes a default that is worked out when read."""
    return field(
        default=default,
        repr=not secret,
        metadata={"env": env, "help": help, "unit": unit, "secret": secret, "shown": shown},
    )


def fields(cls: type[Any]) -> Iterator[Setting]:
    """Every environment variable that `read(cls, …)` looks at, in order, nested settings included."""
    hints = get_type_hints(cls)
    for item in dataclasses.fields(cls):
        if dataclasses.is_dataclass(hints[item.name]):
            yield from fields(hints[item.name])
            continue
        meta = item.metadata
        yield Setting(
            env=meta["env"],
            default=meta["shown"] or (None if item.default in (MISSING, None) else _written(item.default)),
            unit=meta["unit"],
            help=meta["help"],
            secret=meta["secret"],
        )


def read(cls: type[T], env: Mapping[str, str]) -> T:
    """Build a settings class; an unset or empty variable means the default.

    Raises SettingsError that names the variable and says what to write.
    """
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for item in dataclasses.fields(cls):  # type: ignore[arg-type]
        hint = hints[item.name]
        if dataclasses.is_dataclass(hint):
            values[item.name] = read(hint, env)  # type: ignore[arg-type]
        elif text := env.get(item.metadata["env"], "").strip():
            values[item.name] = _parsed(text, hint, env=item.metadata["env"], unit=item.metadata["unit"])
    return cls(**values)


def _written(value: Any) -> str:
    match value:
        case bool():
            return "1" if value else "0"
        case timedelta():
            return f"{value.total_seconds():.6f}".rstrip("0").rstrip(".")
        case Enum():
            return str(value.value)
        case _:
            return str(value)


def _parsed(text: str, hint: Any, *, env: str, unit: str) -> Any:
    if get_origin(hint) in (Union, UnionType):
        hint = next(part for part in get_args(hint) if part is not NoneType)
    try:
        if hint is bool:
            return _boolean(text)
        if hint is timedelta:
            return timedelta(seconds=float(text))
        if hint is Path:
            return Path(text).expanduser()
        return hint(text)
    except (ValueError, OverflowError) as exc:
        raise SettingsError(f"{env}: {text!r} is not {_wanted(hint, unit)}") from exc


def _boolean(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(text)


def _wanted(hint: Any, unit: str) -> str:
    of = f" of {unit}" if unit else ""
    if hint is bool:
        return "1 or 0"
    if hint is int:
        return f"a whole number{of}"
    if hint in (float, timedelta):
        return f"a number{of}"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return "one of " + ", ".join(str(member.value) for member in hint)
    return f"a {getattr(hint, '__name__', hint)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Settings:
    """An S3-compatible object store and the one bucket that is used."""

    endpoint_url: str | None = setting(
        None, env="CHANNEL_S3_ENDPOINT_URL", help="where the store answers to our own processes; unset: AWS"
    )
    public_endpoint_url: str | None = setting(
        None,
        env="CHANNEL_S3_PUBLIC_ENDPOINT_URL",
        shown="the value of CHANNEL_S3_ENDPOINT_URL",
        help="where browsers reach the store: presigned URLs are made for it",
    )
    bucket: str = setting("channel", env="CHANNEL_S3_BUCKET", help="the bucket for sources, work files and media")
    region: str = setting("us-east-1", env="CHANNEL_S3_REGION", help="the region that requests are signed for")
    access_key_id: str | None = setting(
        None,
        env="CHANNEL_S3_ACCESS_KEY_ID",
        shown="the AWS credential chain",
        help="access key; unset: what the environment of the machine gives (instance role, AWS_* variables)",
    )
    secret_access_key: str | None = setting(
        None, env="CHANNEL_S3_SECRET_ACCESS_KEY", help="secret of the access key", secret=True
    )

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        return read(cls, env)


@dataclass(frozen=True, slots=True, kw_only=True)
class InfraSettings:
    """What every process needs: where state lies, and the three servers."""

    home: Path = setting(Path("var"), env="CHANNEL_HOME", help="folder for all local state")
    s3: S3Settings = field(default_factory=S3Settings)
    redis_url: str = setting(
        "redis://127.0.0.1:6379/0",
        env="CHANNEL_REDIS_URL",
        help="Redis ≥ 7.0 or Valkey: jobs, wake-ups, leases, viewing sessions",
        secret=True,
    )
    database_url: str = setting(
        "",
        env="CHANNEL_DATABASE_URL",
        shown="sqlite:///$CHANNEL_HOME/channel.db",
        help="catalogue: sqlite:///file or postgresql://user:password@host/name",
        secret=True,
    )
    log_level: str = setting("info", env="CHANNEL_LOG_LEVEL", help="debug, info, warning or error")
    log_format: str = setting(
        "console", env="CHANNEL_LOG_FORMAT", help="console (for people) or json (one object a line)"
    )

    def __post_init__(self) -> None:
        _one_of("CHANNEL_LOG_LEVEL", self.log_level, ("debug", "info", "warning", "error"))
        _one_of("CHANNEL_LOG_FORMAT", self.log_format, ("console", "json"))
        _scheme("CHANNEL_REDIS_URL", self.redis_url, ("redis", "rediss", "unix"))
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.home.absolute() / 'channel.db'}")
        _scheme("CHANNEL_DATABASE_URL", self.database_url.replace("+", ":", 1), ("sqlite", "postgresql", "postgres"))

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        return read(cls, env)


def _one_of(env: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SettingsError(f"{env}: {value!r} is not one of {', '.join(allowed)}")


def _scheme(env: str, url: str, allowed: tuple[str, ...]) -> None:
    # The URL may hold a password: the message names only its scheme.
    scheme = urlsplit(url).scheme
    if scheme not in allowed:
        raise SettingsError(f"{env}: a URL beginning with {scheme or 'nothing'!r}; write one of {', '.join(allowed)}")
