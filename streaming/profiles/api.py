"""`/api/profiles`: what an upload may name, for pickers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.routing import Route

from streaming.http.auth import Role, require
from streaming.http.body import json_response
from streaming.http.openapi import Reply, operation
from transcoder.profile_file import render

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from streaming.profiles.folder import ProfileFolder
    from streaming.profiles.shelf import ProfileFile


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileView:
    """A profile. `mine`: what you get if you name none. `errors` are the mistakes of one that cannot be used.

    `settings` is TOML: every field with its value and what it is for; null of one that cannot be used.
    """

    name: str
    description: str
    mine: bool
    errors: list[str]
    warnings: list[str]
    settings: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileList:
    """All profiles, by name."""

    profiles: list[ProfileView]


def view(name: str, file: ProfileFile, *, mine: bool) -> ProfileView:
    """A profile as it is shown."""
    parsed = file.parsed
    return ProfileView(
        name=name, description="" if parsed.profile is None else parsed.profile.description, mine=mine,
        errors=list(parsed.errors), warnings=list(parsed.warnings),
        settings=None if parsed.profile is None else render(parsed.profile, tenants=parsed.tenants),
    )  # fmt: skip


def routes(folder: ProfileFolder) -> list[BaseRoute]:
    """The route of the list."""

    @operation(
        summary="List profiles",
        tag="profiles",
        description="What packages can be made of: `profile` of POST /api/assets and of an upload names one of these.",
        role=Role.EDITOR,
        replies={200: Reply(description="The profiles", kind=ProfileList)},
    )
    async def index(request: Request) -> Response:
        who = await require(request, Role.EDITOR)
        shelf = await folder.shelf()
        mine = shelf.name_for(who.name)
        body = ProfileList(profiles=[view(name, file, mine=name == mine) for name, file in sorted(shelf.files.items())])
        return json_response(body, headers={"Cache-Control": "private, no-cache"})

    return [Route("/api/profiles", index, methods=["GET"])]
