from __future__ import annotations

import stat
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from streaming.http.auth import Principal, Role
from streaming.tokens.errors import TokenNotFound
from streaming.tokens.service import Tokens
from streaming.tokens.tables import studio_logins, tokens
from tests.streaming.watch import Watch

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncEngine

HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture
def service(tables: AsyncEngine, clock: Watch) -> Tokens:
    return Tokens(sql=tables, clock=clock)


async def test_a_token_opens_what_its_role_opens(service: Tokens) -> None:
    made = await service.create(role=Role.EDITOR, name="ann")
    assert await service.by_token(made.secret) == Principal(role=Role.EDITOR, name="ann", token_id=made.token.id)
    for wrong in ("", "ch_", made.secret[:-1], made.secret + "x", made.token.id, "\0", "\udc80", "x" * 10_000):
        assert await service.by_token(wrong) is None


async def test_secrets_are_not_kept(service: Tokens, tables: AsyncEngine) -> None:
    made = await service.create(role=Role.EDITOR, name="ann")
    login = await service.log_in(made.secret, lifetime=HOUR)
    assert login is not None
    async with tables.begin() as connection:
        kept = [str(row) for table in (tokens, studio_logins) for row in await connection.execute(select(table))]
    assert len(kept) == 2
    assert not [row for row in kept if made.secret in row or login[1] in row]
    assert made.secret not in repr(made)


async def test_a_token_expires(service: Tokens, clock: Watch) -> None:
    made = await service.create(role=Role.EDITOR, name="ann", lifetime=HOUR)
    clock.now += HOUR - timedelta(seconds=1)
    assert await service.by_token(made.secret) is not None
    clock.now += timedelta(seconds=1)
    assert await service.by_token(made.secret) is None
    assert await service.log_in(made.secret, lifetime=HOUR) is None


async def test_a_revoked_token_opens_nothing_nor_do_its_logins(service: Tokens) -> None:
    made = await service.create(role=Role.EDITOR, name="ann")
    login = await service.log_in(made.secret, lifetime=HOUR)
    assert login is not None
    assert await service.by_cookie(login[1]) == login[0]
    await service.revoke(made.token.id)
    await service.revoke(made.token.id)
    assert await service.by_token(made.secret) is None
    assert await service.by_cookie(login[1]) is None
    assert [token.revoked_at is not None for token in await service.list()] == [True]


async def test_unknown_tokens_cannot_be_revoked(service: Tokens) -> None:
    for unknown in ("nobody", "\0"):
        with pytest.raises(TokenNotFound):
            await service.revoke(unknown)


async def test_a_login_ends(service: Tokens, clock: Watch, tables: AsyncEngine) -> None:
    made = await service.create(role=Role.EDITOR, name="ann")
    first = await service.log_in(made.secret, lifetime=HOUR)
    second = await service.log_in(made.secret, lifetime=2 * HOUR)
    assert first is not None
    assert second is not None
    await service.log_out(second[1])
    assert await service.by_cookie(second[1]) is None
    clock.now += HOUR
    assert await service.by_cookie(first[1]) is None
    await service.log_in(made.secret, lifetime=HOUR)  # which also clears away what is over
    async with tables.begin() as connection:
        assert len((await connection.execute(select(studio_logins))).all()) == 1


async def test_a_cookie_is_no_token_and_a_token_no_cookie(service: Tokens) -> None:
    made = await service.create(role=Role.EDITOR, name="ann")
    login = await service.log_in(made.secret, lifetime=HOUR)
    assert login is not None
    assert await service.by_token(login[1]) is None
    assert await service.by_cookie(made.secret) is None


async def test_the_first_admin_token_is_made_once(service: Tokens, tmp_path: Path) -> None:
    path = tmp_path / "home" / "admin.token"
    secret = await service.ensure_admin(path)
    assert path.read_text() == secret + "\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert await service.ensure_admin(path) == secret
    found = await service.by_token(secret)
    assert found is not None
    assert found.role is Role.ADMIN
    assert list(path.parent.iterdir()) == [path]


async def test_a_file_whose_token_is_no_good_is_written_anew(service: Tokens, tmp_path: Path) -> None:
    path = tmp_path / "admin.token"
    first = await service.ensure_admin(path)
    await service.revoke((await service.list())[0].id)
    second = await service.ensure_admin(path)
    editor = await service.create(role=Role.EDITOR, name="ann")
    path.write_text(editor.secret)
    third = await service.ensure_admin(path)
    path.write_bytes(b"\xff\0 nonsense")
    fourth = await service.ensure_admin(path)
    assert len({first, second, editor.secret, third, fourth}) == 5
    assert path.read_text().strip() == fourth
