from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from streaming.http.auth import COOKIE, CrossSite, InvalidToken, Principal, Role, RoleTooLow, principal, require
from streaming.http.problem import Unauthorized

if TYPE_CHECKING:
    from collections.abc import Mapping

EDITOR = Principal(role=Role.EDITOR, name="ann", token_id="t1")


class Known:
    """One token, one cookie."""

    def __init__(self) -> None:
        self.asked = 0

    async def by_token(self, token: str) -> Principal | None:
        self.asked += 1
        return EDITOR if token == "right" else None

    async def by_cookie(self, cookie: str) -> Principal | None:
        self.asked += 1
        return EDITOR if cookie == "right" else None


def asking(method: str = "GET", headers: Mapping[str, str] | None = None) -> Request:
    app = Starlette()
    app.state.authenticator = Known()
    raw = [(b"host", b"channel.test")] + [(n.lower().encode(), v.encode()) for n, v in (headers or {}).items()]
    scope: dict[str, Any] = {"type": "http", "method": method, "path": "/", "headers": raw, "app": app}
    return Request(scope)


def test_each_role_may_do_what_the_lower_ones_may() -> None:
    order = [Role.VIEWER_SERVICE, Role.EDITOR, Role.PUBLISHER, Role.ADMIN]
    for high, role in enumerate(order):
        assert [role.allows(needed) for needed in order] == [low <= high for low in range(4)]


async def test_a_token_is_looked_up_once_a_request() -> None:
    request = asking(headers={"Authorization": "bearer right"})
    assert await principal(request) == EDITOR
    assert await require(request, Role.EDITOR) == EDITOR
    assert request.app.state.authenticator.asked == 1


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Bearer ", "Basic cmlnaHQ=", "right", ""])
async def test_a_wrong_token_is_an_error_even_where_none_is_needed(header: str) -> None:
    with pytest.raises(InvalidToken) as refused:
        await principal(asking(headers={"Authorization": header}))
    assert 'error="invalid_token"' in refused.value.headers["WWW-Authenticate"]


async def test_nobody_in_particular_is_the_public() -> None:
    assert await principal(asking()) is None
    assert await principal(asking(headers={"Cookie": f"{COOKIE}=stale"})) is None
    with pytest.raises(Unauthorized):
        await require(asking(), Role.VIEWER_SERVICE)


async def test_a_low_role_is_told_which_is_needed() -> None:
    with pytest.raises(RoleTooLow) as refused:
        await require(asking(headers={"Authorization": "Bearer right"}), Role.PUBLISHER)
    assert refused.value.extensions == {"needed": Role.PUBLISHER}


@pytest.mark.parametrize(
    ("method", "headers", "passes"),
    [
        ("GET", {}, True),
        ("GET", {"Origin": "https://evil.test"}, True),
        ("POST", {"Origin": "http://channel.test"}, True),
        ("POST", {"Sec-Fetch-Site": "same-origin"}, True),
        ("POST", {}, False),
        ("POST", {"Origin": "https://evil.test"}, False),
        ("DELETE", {"Origin": "null"}, False),
        ("PATCH", {"Sec-Fetch-Site": "same-site", "Origin": "http://channel.test"}, False),
    ],
)
async def test_a_cookie_changes_things_from_our_own_pages_only(
    method: str, headers: dict[str, str], passes: bool
) -> None:
    request = asking(method, {**headers, "Cookie": f"{COOKIE}=right"})
    if passes:
        assert await principal(request) == EDITOR
    else:
        with pytest.raises(CrossSite):
            await principal(request)
