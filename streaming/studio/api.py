"""Login to the studio: a token once, then a cookie that no script can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from streaming.http.auth import COOKIE, CrossSite, InvalidToken, Role, require, same_origin
from streaming.http.body import json_response, read_json
from streaming.http.openapi import Content, Reply, operation

if TYPE_CHECKING:
    from datetime import timedelta

    from starlette.requests import Request

    from streaming.http.auth import Principal
    from streaming.tokens.service import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The token to log in with."""

    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Who a request comes from. `may` are all the roles whose rights it has."""

    name: str
    role: Role
    may: list[Role]


def _me(found: Principal) -> Me:
    return Me(name=found.name, role=found.role, may=[role for role in Role if found.role.allows(role)])


class StudioApi:
    """`lifetime` of a login; `secure`: the service is reached by https, even where a proxy ends TLS."""

    def __init__(self, tokens: Tokens, *, lifetime: timedelta, secure: bool) -> None:
        self._tokens = tokens
        self._lifetime = lifetime
        self._secure = secure

    @operation(
        summary="Log in to the studio",
        tag="studio",
        description="Exchanges a token for a cookie (HttpOnly, SameSite=Strict).",
        request=Content(kind=Login),
        replies={200: Reply(description="Logged in", kind=Me, headers={"Set-Cookie": "The login."})},
        errors=(InvalidToken, CrossSite),
    )
    async def log_in(self, request: Request) -> Response:
        # Nobody may log a browser in from another site either (login CSRF); programs send neither header.
        if ("origin" in request.headers or "sec-fetch-site" in request.headers) and not same_origin(request):
            raise CrossSite
        login = await read_json(request, Login)
        made = await self._tokens.log_in(login.token.strip(), lifetime=self._lifetime)
        if made is None:
            raise InvalidToken
        found, cookie = made
        response = json_response(_me(found))
        response.set_cookie(
            COOKIE, cookie, max_age=int(self._lifetime.total_seconds()), path="/", httponly=True, samesite="strict",
            secure=self._secure or request.url.scheme == "https",
        )  # fmt: skip
        return response

    @operation(
        summary="Log out of the studio", tag="studio", replies={204: Reply(description="Logged out, or never was in")}
    )
    async def log_out(self, request: Request) -> Response:
        cookie = request.cookies.get(COOKIE)
        if cookie is not None:
            if not same_origin(request):
                raise CrossSite
            await self._tokens.log_out(cookie)
        response = Response(status_code=204, headers={"Cache-Control": "no-store"})
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return response

    @operation(
        summary="Who am I?", tag="studio", role=Role.VIEWER_SERVICE, replies={200: Reply(description="You", kind=Me)}
    )
    async def me(self, request: Request) -> Response:
        return json_response(_me(await require(request, Role.VIEWER_SERVICE)))


def routes(tokens: Tokens, *, lifetime: timedelta, secure: bool) -> list[BaseRoute]:
    api = StudioApi(tokens, lifetime=lifetime, secure=secure)
    return [
        Route("/api/studio/login", api.log_in, methods=["POST"]),
        Route("/api/studio/logout", api.log_out, methods=["POST"]),
        Route("/api/me", api.me, methods=["GET"]),
    ]
