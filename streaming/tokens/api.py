"""`/api/tokens`: admins make, list and revoke tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from streaming.http.auth import Role, require
from streaming.http.body import InvalidField, json_response, read_json
from streaming.http.openapi import Content, Reply, operation
from streaming.tokens.errors import TokenNotFound
from streaming.tokens.model import NAME, Token, is_token_name

if TYPE_CHECKING:
    from starlette.requests import Request

    from streaming.tokens.service import Tokens

_DAYS: Final = 3650


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenWanted:
    """A token to be made: for whom or what, with which role, for how many days (null: until it is revoked)."""

    role: Role
    name: str
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenMade:
    """A token just made. `token` is shown this once."""

    id: str
    name: str
    role: Role
    token: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenList:
    """All tokens, newest first, without their secrets."""

    tokens: list[Token]


class TokensApi:
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    @operation(
        summary="List tokens",
        tag="tokens",
        role=Role.ADMIN,
        replies={200: Reply(description="Every token ever made", kind=TokenList)},
    )
    async def index(self, request: Request) -> Response:
        await require(request, Role.ADMIN)
        return json_response(TokenList(tokens=list(await self._tokens.list())))

    @operation(
        summary="Make a token",
        tag="tokens",
        description="The secret is in this answer and nowhere else: only its hash is kept.",
        role=Role.ADMIN,
        request=Content(kind=TokenWanted),
        replies={201: Reply(description="Made", kind=TokenMade)},
        errors=(InvalidField,),
    )
    async def create(self, request: Request) -> Response:
        admin = await require(request, Role.ADMIN)
        wanted = await read_json(request, TokenWanted)
        name = wanted.name.strip()
        if not is_token_name(name):
            raise InvalidField(f"Between 1 and {NAME} printable characters.", pointer="/name")
        if wanted.days is not None and not 0 < wanted.days <= _DAYS:
            raise InvalidField(f"Between 1 and {_DAYS}, or null.", pointer="/days")
        lifetime = None if wanted.days is None else timedelta(days=wanted.days)
        made = await self._tokens.create(role=wanted.role, name=name, lifetime=lifetime, created_by=admin.name)
        token = made.token
        body = TokenMade(
            id=token.id, name=token.name, role=token.role, token=made.secret, expires_at=token.expires_at
        )  # fmt: skip
        return json_response(body, 201, {"Location": f"/api/tokens/{token.id}"})

    @operation(
        summary="Revoke a token",
        tag="tokens",
        description="It opens nothing from now on, and logins to the studio made with it are over.",
        role=Role.ADMIN,
        replies={204: Reply(description="Revoked")},
        errors=(TokenNotFound,),
    )
    async def revoke(self, request: Request) -> Response:
        await require(request, Role.ADMIN)
        await self._tokens.revoke(request.path_params["id"])
        return Response(status_code=204)


def routes(tokens: Tokens) -> list[BaseRoute]:
    api = TokensApi(tokens)
    return [
        Route("/api/tokens", api.index, methods=["GET"]),
        Route("/api/tokens", api.create, methods=["POST"]),
        Route("/api/tokens/{id}", api.revoke, methods=["DELETE"]),
    ]
