from __future__ import annotations

import pytest

from infra.errors import SettingsError
from infra.sql import open_engine
from streaming.cli_token import make_token
from streaming.http.auth import Role
from streaming.migrate import upgrade
from streaming.tokens.service import Tokens


async def test_a_token_opens_what_its_role_may(database_url: str) -> None:
    await upgrade(database_url)
    secret = await make_token({"CHANNEL_DATABASE_URL": database_url}, role="editor", name=" ann ", lifetime=None)
    engine = open_engine(database_url)
    found = await Tokens(sql=engine).by_token(secret)
    await engine.dispose()
    assert found is not None
    assert (found.role, found.name) == (Role.EDITOR, "ann")


@pytest.mark.parametrize(
    ("role", "name", "said"),
    [("king", "ann", "there is no role 'king'"), ("editor", " ", "--name"), ("editor", "a" * 101, "--name")],
)
async def test_what_is_wrong_is_one_clear_line(role: str, name: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        await make_token({}, role=role, name=name, lifetime=None)
