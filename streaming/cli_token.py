"""`channel token`: make a token where the database is at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import SettingsError
from infra.settings import InfraSettings
from infra.sql import open_engine
from streaming.http.auth import Role
from streaming.tokens.model import NAME, is_token_name
from streaming.tokens.service import Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta


async def make_token(environment: Mapping[str, str], *, role: str, name: str, lifetime: timedelta | None) -> str:
    """The secret of a new token. Raises SettingsError for a role that does not exist, or a name that cannot be one."""
    if not is_token_name(name.strip()):
        raise SettingsError(f"--name: write between 1 and {NAME} printable characters")
    if role not in set(Role):
        raise SettingsError(f"there is no role {role!r}; write one of {', '.join(Role)}")
    engine = open_engine(InfraSettings.from_env(environment).database_url)
    try:
        return (await Tokens(sql=engine).create(role=Role(role), name=name.strip(), lifetime=lifetime)).secret
    finally:
        await engine.dispose()
