"""`channel live-slate`: what a channel shows while nobody publishes."""

from __future__ import annotations

import os
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import httpx
import typer

from streaming.cli_clip import admin_token

_PATIENCE_S = 60.0
"""The server draws the picture meanwhile."""


def live_slate_command(
    channel: Annotated[str, typer.Argument(help="The channel.")],
    picture: Annotated[
        Path | None, typer.Argument(help="JPEG, PNG or WebP; left out: say what is shown.", exists=True, dir_okay=False)
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Show the built-in slate again.")] = False,
    save: Annotated[Path | None, typer.Option(help="Write the picture that is shown into this file (PNG).")] = None,
    url: Annotated[str, typer.Option(envvar="CHANNEL_URL", help="The server.")] = "http://127.0.0.1:8080",
    token: Annotated[str, typer.Option(help="Else CHANNEL_TOKEN, else $CHANNEL_HOME/admin.token.")] = "",
) -> None:
    """Put up a slate of the channel's own, take it down, or look at it. An event that runs has it within seconds.

    Exit codes: 0 done, 1 refused (the reason is printed), 2 no token, or nothing that can be done at once.
    """
    if sum(map(bool, (picture, remove, save))) > 1:
        typer.echo("channel live-slate: give a picture, --remove, or --save", err=True)
        raise typer.Exit(2)
    bearer = token or os.environ.get("CHANNEL_TOKEN", "") or admin_token(os.environ.get("CHANNEL_HOME") or "var")
    if not bearer:
        typer.echo("channel live-slate: no token: give --token, or set CHANNEL_TOKEN or CHANNEL_HOME", err=True)
        raise typer.Exit(2)
    head, path = {"Authorization": f"Bearer {bearer}"}, f"/api/channels/{channel}/slate"
    with httpx.Client(base_url=url, headers=head, trust_env=False, timeout=_PATIENCE_S) as http:
        try:
            if picture is not None:
                answer = http.put(path, content=picture.read_bytes())
            else:
                answer = http.delete(path) if remove else http.get(path)
        except httpx.TransportError as exc:
            typer.echo(f"channel live-slate: {url} does not answer: {exc}", err=True)
            raise typer.Exit(1) from None
    if answer.is_error:
        told = answer.json()
        if told.get("code") == "no_slate" and save is None:
            typer.echo("the built-in slate")
            return
        typer.echo(f"channel live-slate: {told.get('detail', answer.reason_phrase)}", err=True)
        raise typer.Exit(1)
    if save is not None:
        save.write_bytes(answer.content)
    typer.echo("the built-in slate" if remove else f"a slate of its own, {url.rstrip('/')}{path}")
