"""What a route says about itself for OpenAPI: one `@operation(...)` above the endpoint.

The document is put together from these in `streaming/http/openapi_document.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

from streaming.http.auth import Role
from streaming.http.problem import ApiError

F = TypeVar("F", bound=Callable[..., Any])
_ATTRIBUTE: Final = "openapi_operation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A query, header or path parameter. Path parameters need one only to be described: the route names them."""

    name: str
    where: Literal["query", "header", "path"] = "query"
    description: str = ""
    kind: Any = str
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A body: a type that msgspec knows, or None for bytes of the media type."""

    kind: Any = None
    media_type: str = "application/json"
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response: its body, if any, and the headers that matter (name to description).

    `kind` is a type that msgspec knows, or a tuple of such: one or the other.
    """

    description: str
    kind: Any = None
    media_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path. `role` None: open to everybody. `errors` are the problems that it can answer with."""

    summary: str
    tag: str
    description: str = ""
    role: Role | None = None
    parameters: tuple[Parameter, ...] = ()
    request: Content | None = None
    replies: Mapping[int, Reply] = field(default_factory=dict)
    errors: tuple[type[ApiError], ...] = ()


def operation(
    *,
    summary: str,
    tag: str,
    description: str = "",
    role: Role | None = None,
    parameters: tuple[Parameter, ...] = (),
    request: Content | None = None,
    replies: Mapping[int, Reply] | None = None,
    errors: tuple[type[ApiError], ...] = (),
) -> Callable[[F], F]:
    """Describe an endpoint (a function, or a method of a class)::

    @operation(summary="Create an asset", tag="catalogue", role=Role.EDITOR, request=Content(kind=NewAsset),
               replies={201: Reply(description="Created", kind=AssetView, headers={"Location": "Its address."})},
               errors=(InvalidField,))
    async def create(request: Request) -> Response: ...

    An endpoint that serves several methods of a route is described once for all of them.
    """
    described = Operation(
        summary=summary, tag=tag, description=description, role=role, parameters=parameters, request=request,
        replies=replies or {200: Reply(description="Done")}, errors=errors,
    )  # fmt: skip

    def mark(endpoint: F) -> F:
        vars(endpoint)[_ATTRIBUTE] = described
        return endpoint

    return mark


def operation_of(endpoint: object) -> Operation | None:
    """The description of an endpoint; None if it has none."""
    found: Operation | None = getattr(endpoint, _ATTRIBUTE, None)
    return found
