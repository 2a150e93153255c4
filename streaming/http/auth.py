"""Who is asking: bearer tokens and the studio's cookie, turned into a principal with a role.

Tokens are looked up by whatever stands in `app.state.authenticator`, so that this file knows no tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from streaming.http.problem import Forbidden, Unauthorized

if TYPE_CHECKING:
    from starlette.requests import Request

COOKIE: Final = "channel_session"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_SCOPE_KEY: Final = "channel.principal"


class Role(StrEnum):
    """What a token may do; each role may do all that the ones before it may.

    `viewer-service` acts for viewers (a site's backend), `editor` makes and edits assets, `publisher` also decides what
    the public sees, `admin` also gives out tokens.
    """

    VIEWER_SERVICE = "viewer-service"
    EDITOR = "editor"
    PUBLISHER = "publisher"
    ADMIN = "admin"

    def allows(self, needed: Role) -> bool:
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Whoever a token speaks for. `token_id` is the token's public id, never the token."""

    role: Role
    name: str
    token_id: str


class Authenticator(Protocol):
    """Looks a token or a cookie up; None if it is unknown, revoked or expired."""

    async def by_token(self, token: str) -> Principal | None: ...

    async def by_cookie(self, cookie: str) -> Principal | None: ...


class InvalidToken(Unauthorized):
    """This token is not known, has expired or was revoked."""

    code, title = "invalid_token", "Token not valid"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="channel", error="invalid_token"'})


class CrossSite(Forbidden):
    """A request with the studio's cookie that changes something must come from the studio's own pages."""

    code = "cross_site"


class RoleTooLow(Forbidden):
    """The token's role does not allow this."""

    code, title = "role_too_low", "Role too low"


def bearer(request: Request) -> str | None:
    """The token of the Authorization header (RFC 6750 §2.1); None if there is no such header. Raises InvalidToken."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise InvalidToken("The Authorization header must read: Bearer TOKEN.")
    return token


def same_origin(request: Request) -> bool:
    """Whether a browser says that the request comes from a page of ours: Sec-Fetch-Site, or else Origin.

    A cookie with neither is refused: every browser that knows SameSite cookies sends Origin with unsafe methods.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()


async def _look_up(request: Request) -> Principal | None:
    authenticator: Authenticator = request.app.state.authenticator
    token = bearer(request)
    if token is not None:
        found = await authenticator.by_token(token)
        if found is None:
            raise InvalidToken
        return found
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        return None
    found = await authenticator.by_cookie(cookie)
    if found is not None and request.method not in SAFE_METHODS and not same_origin(request):
        raise CrossSite
    return found


async def principal(request: Request) -> Principal | None:
    """Who asks, looked up once a request; None for the public. A stale cookie is the public, a wrong token is an error.

    Raises InvalidToken, CrossSite.
    """
    if _SCOPE_KEY not in request.scope:
        request.scope[_SCOPE_KEY] = await _look_up(request)
    found: Principal | None = request.scope[_SCOPE_KEY]
    return found


async def principal_now(request: Request) -> Principal | None:
    """Who asks, looked up again: for an answer that may outlive the token. Raises InvalidToken, CrossSite."""
    request.scope.pop(_SCOPE_KEY, None)
    return await principal(request)


async def require(request: Request, role: Role) -> Principal:
    """Who asks, with at least this role. Raises Unauthorized, InvalidToken, RoleTooLow, CrossSite."""
    found = await principal(request)
    if found is None:
        raise Unauthorized
    if not found.role.allows(role):
        raise RoleTooLow(f"This needs the role {role}; the token has the role {found.role}.", needed=role)
    return found
