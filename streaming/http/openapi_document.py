"""The OpenAPI 3.1 document, put together from the routes and what each says about itself."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.routing import Route

from streaming.http.auth import COOKIE, CrossSite, InvalidToken, RoleTooLow
from streaming.http.openapi import Content, Operation, Parameter, Reply, operation_of
from streaming.http.problem import MEDIA_TYPE as PROBLEM
from streaming.http.problem import ApiError, Unauthorized

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.routing import BaseRoute

_SCHEMAS: Final = "#/components/schemas/{name}"
_METHODS: Final = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH")
_PATH_PARAMETER: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
_PROBLEM_SCHEMA: Final = {
    "type": "object",
    "description": "RFC 9457. `code` is stable and for programs, `detail` says to people what to do.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
    },
}


def operations(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, str, str, Operation]]:
    """Path, method, name and description of all that is described; HEAD goes with its GET unless it stands alone."""
    for route in routes:
        if not isinstance(route, Route):
            continue
        described = operation_of(route.endpoint)
        if described is None or not route.include_in_schema:
            continue
        methods = route.methods or set()
        for method in _METHODS:
            if method in methods and not (method == "HEAD" and "GET" in methods):
                yield route.path, method, route.name, described


def undescribed(routes: Sequence[BaseRoute]) -> list[str]:
    """Paths of the routes that say nothing about themselves, though they belong into the document."""
    return [
        route.path
        for route in routes
        if isinstance(route, Route) and route.include_in_schema and operation_of(route.endpoint) is None
    ]


class _Types:
    """Every type that an operation names, as JSON Schema, each once."""

    def __init__(self, kinds: Sequence[Any]) -> None:
        schemas, self.components = msgspec.json.schema_components(kinds, ref_template=_SCHEMAS)
        self._schemas = list(zip(kinds, schemas, strict=True))

    def schema(self, kind: Any) -> dict[str, Any]:
        if isinstance(kind, tuple):
            return {"anyOf": [self.schema(each) for each in kind]}
        return next(schema for known, schema in self._schemas if known == kind)


def _kinds(described: Sequence[Operation]) -> list[Any]:
    found: list[Any] = []
    for one in described:
        wanted = [parameter.kind for parameter in one.parameters]
        wanted += [reply.kind for reply in one.replies.values()]
        wanted += [one.request.kind] if one.request is not None else []
        for kind in wanted:
            for each in kind if isinstance(kind, tuple) else (kind,):
                if each is not None and each not in found:
                    found.append(each)
    return found


def _parameters(path: str, one: Operation, types: _Types) -> list[dict[str, Any]]:
    said = {parameter.name: parameter for parameter in one.parameters if parameter.where == "path"}
    named: list[Parameter] = []
    for name, convertor in _PATH_PARAMETER.findall(path):
        kind = int if convertor == "int" else str
        named.append(said.get(name) or Parameter(name=name, where="path", kind=kind))
    named += [parameter for parameter in one.parameters if parameter.where != "path"]
    return [
        {
            "name": parameter.name,
            "in": parameter.where,
            "required": parameter.where == "path" or parameter.required,
            "schema": _simple(parameter.kind, types),
            **({"description": parameter.description} if parameter.description else {}),
        }
        for parameter in named
    ]


def _simple(kind: Any, types: _Types) -> dict[str, Any]:
    if kind in (str, int):
        return {"type": "string" if kind is str else "integer"}
    return types.schema(kind)


def _body(kind: Any, media_type: str, types: _Types) -> dict[str, Any]:
    # OpenAPI 3.1 describes plain bytes by the media type alone.
    return {media_type: {} if kind is None else {"schema": types.schema(kind)}}


def _reply(reply: Reply, types: _Types) -> dict[str, Any]:
    found: dict[str, Any] = {"description": reply.description}
    if reply.kind is not None or reply.media_type is not None:
        found["content"] = _body(reply.kind, reply.media_type or "application/json", types)
    if reply.headers:
        found["headers"] = {
            name: {"description": said, "schema": {"type": "string"}} for name, said in reply.headers.items()
        }
    return found


def _errors(one: Operation) -> dict[str, Any]:
    kinds: list[type[ApiError]] = list(one.errors)
    if one.role is not None:
        kinds += [Unauthorized, InvalidToken, RoleTooLow, CrossSite]
    by_status: dict[int, list[type[ApiError]]] = {}
    for kind in dict.fromkeys(kinds):
        by_status.setdefault(kind.status, []).append(kind)
    return {
        str(status): {
            "description": "; ".join(f"`{kind.code}`: {_meaning(kind)}" for kind in kinds),
            "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, kinds in sorted(by_status.items())
    }


def _meaning(kind: type[ApiError]) -> str:
    return " ".join((kind.__doc__ or kind.title).split())


def _request(content: Content, types: _Types) -> dict[str, Any]:
    found: dict[str, Any] = {"required": True, "content": _body(content.kind, content.media_type, types)}
    if content.description:
        found["description"] = content.description
    return found


def _operation(path: str, method: str, name: str, one: Operation, types: _Types) -> dict[str, Any]:
    replies = {
        str(status): _reply(reply, types) if reply.description else {"description": HTTPStatus(status).phrase}
        for status, reply in one.replies.items()
    }
    found: dict[str, Any] = {
        "operationId": f"{one.tag.replace(' ', '_')}_{name}_{method.lower()}",
        "summary": one.summary,
        "tags": [one.tag],
        "parameters": _parameters(path, one, types),
        "responses": {**replies, **{s: e for s, e in _errors(one).items() if s not in replies}},
        "security": [] if one.role is None else [{"token": []}, {"studio": []}],
    }
    role = "" if one.role is None else f"Needs the role `{one.role}`."
    if description := " ".join(part for part in (one.description, role) if part):
        found["description"] = description
    if one.request is not None:
        found["requestBody"] = _request(one.request, types)
    return found


def document(routes: Sequence[BaseRoute], *, version: str, public_url: str = "") -> dict[str, Any]:
    """The whole document. `public_url` is the address of the service, if it is known."""
    found = list(operations(routes))
    types = _Types(_kinds([one for *_, one in found]))
    paths: dict[str, dict[str, Any]] = {}
    for path, method, name, one in found:
        plain = _PATH_PARAMETER.sub(r"{\1}", path)
        paths.setdefault(plain, {})[method.lower()] = _operation(path, method, name, one, types)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Olympic Channel",
            "version": version,
            "summary": "Upload highlights, play them while they are being encoded, count the views.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url or "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(one.tag for *_, one in found)],
        "paths": paths,
        "components": {
            "schemas": {"Problem": _PROBLEM_SCHEMA, **types.components},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "studio": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            },
        },
    }
