"""`channel live-clip`: a part of what a channel shows as an asset of its own, while it goes on."""

from __future__ import annotations

import os
import time
from typing import Annotated, Any

import httpx
import typer

from streaming.cli_clip import admin_token


def live_clip_command(
    channel: Annotated[str, typer.Argument(help="The channel to cut from.")],
    begin: Annotated[
        str, typer.Option("--in", help="First picture: 2026-11-22T18:03:07.480Z, or -30s: so long before now.")
    ] = "-30s",
    end: Annotated[str, typer.Option("--out", help="First picture that is not shown; now: the last one.")] = "now",
    title: Annotated[str, typer.Option(help="Title of the clip; else the channel's, and the time.")] = "",
    language: Annotated[str, typer.Option(help="Language of the title (BCP 47).")] = "en",
    wait: Annotated[bool, typer.Option(help="Wait for an out-point that lies ahead.")] = True,
    url: Annotated[str, typer.Option(envvar="CHANNEL_URL", help="The server.")] = "http://127.0.0.1:8080",
    token: Annotated[str, typer.Option(help="Else CHANNEL_TOKEN, else $CHANNEL_HOME/admin.token.")] = "",
) -> None:
    """Cut a part out of what a channel shows. It can be played at once, and is exact to the frame some seconds later.

    Exit codes: 0 made, 1 refused (the reason is printed), 2 no token.
    """
    bearer = token or os.environ.get("CHANNEL_TOKEN", "") or admin_token(os.environ.get("CHANNEL_HOME") or "var")
    if not bearer:
        typer.echo("channel live-clip: no token: give --token, or set CHANNEL_TOKEN or CHANNEL_HOME", err=True)
        raise typer.Exit(2)
    body: dict[str, Any] = {"in": begin, "out": end}
    if title:
        body |= {"title": title, "default_language": language}
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {bearer}"}, trust_env=False) as http:
        try:
            answer = http.post(f"/api/channels/{channel}/clips", json=body)
            while wait and answer.status_code == httpx.codes.TOO_EARLY:
                time.sleep(answer.json()["available_in_s"])
                answer = http.post(f"/api/channels/{channel}/clips", json=body)
        except httpx.TransportError as exc:
            typer.echo(f"channel live-clip: {url} does not answer: {exc}", err=True)
            raise typer.Exit(1) from None
    told = answer.json()
    if answer.is_error:
        typer.echo(f"channel live-clip: {told.get('detail', answer.reason_phrase)}", err=True)
        raise typer.Exit(1)
    typer.echo(f"asset {told['id']}, {told['duration_s']:.3f} s, {url.rstrip('/')}/v/{told['id']}/index.m3u8")
