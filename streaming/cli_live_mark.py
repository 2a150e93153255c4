"""`channel live-mark`: say something of a moment of the event that runs, or end what was said."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import typer

from streaming.cli_clip import admin_token

if TYPE_CHECKING:
    from collections.abc import Iterable


def live_mark_command(
    channel: Annotated[str, typer.Argument(help="The channel whose event is marked.")],
    kind: Annotated[str, typer.Argument(help="marker, sport, product, program or ad; end, to end one.")] = "marker",
    title: Annotated[str, typer.Option(help="What players show of it.")] = "",
    at: Annotated[str, typer.Option(help="When: 2026-11-22T18:03:07.480Z; else now.")] = "",
    duration: Annotated[float | None, typer.Option(help="Seconds that it lasts.")] = None,
    planned: Annotated[float | None, typer.Option(help="Seconds that it is meant to last.")] = None,
    attribute: Annotated[list[str] | None, typer.Option(help="X-NAME=VALUE; a number, 0x…, or a text.")] = None,
    mark: Annotated[str, typer.Option("--id", help="Its id: of your choice, or of the one to be ended.")] = "",
    url: Annotated[str, typer.Option(envvar="CHANNEL_URL", help="The server.")] = "http://127.0.0.1:8080",
    token: Annotated[str, typer.Option(help="Else CHANNEL_TOKEN, else $CHANNEL_HOME/admin.token.")] = "",
) -> None:
    """Mark a moment or a stretch of the event that runs: it stands in all playlists with the next part.

    Exit codes: 0 marked, 1 refused (the reason is printed), 2 no token.
    """
    bearer = token or os.environ.get("CHANNEL_TOKEN", "") or admin_token(os.environ.get("CHANNEL_HOME") or "var")
    if not bearer:
        typer.echo("channel live-mark: no token: give --token, or set CHANNEL_TOKEN or CHANNEL_HOME", err=True)
        raise typer.Exit(2)
    own = attributes(attribute or ())
    wanted = {"title": title, "duration_s": duration, "planned_duration_s": planned, "attributes": own}
    body: dict[str, Any] = {name: value for name, value in wanted.items() if value not in ("", None, {})}
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {bearer}"}, trust_env=False) as http:
        try:
            if kind == "end":
                more = body if duration is not None else {**body, "ended": True}
                answer = http.patch(f"/api/channels/{channel}/timeline/{mark}", json=more)
            else:
                named = {"kind": kind, **({"id": mark} if mark else {}), **({"at": at} if at else {})}
                answer = http.post(f"/api/channels/{channel}/timeline", json={**named, **body})
        except httpx.TransportError as exc:
            typer.echo(f"channel live-mark: {url} does not answer: {exc}", err=True)
            raise typer.Exit(1) from None
    told = answer.json()
    if answer.is_error:
        typer.echo(f"channel live-mark: {told.get('detail', answer.reason_phrase)}", err=True)
        raise typer.Exit(1)
    lasts = "goes on" if told["duration_s"] is None else f"{told['duration_s']:.3f} s"
    typer.echo(f"{told['kind']} {told['id']}, {told['at']}, {lasts}")


def attributes(given: Iterable[str]) -> dict[str, str | float]:
    """`X-NAME=VALUE` each: numbers as numbers, all else as it is. Raises typer.BadParameter."""
    found: dict[str, str | float] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals:
            raise typer.BadParameter(f"{each!r} is not X-NAME=VALUE")
        found[name] = _number(value)
    return found


def _number(text: str) -> str | float:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text
