"""`channel clip`: a part of an asset as an asset of its own, or in its place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer


def clip_command(
    asset: Annotated[str, typer.Argument(help="The asset to cut from.")],
    begin: Annotated[str, typer.Option("--in", help="First picture: 12.48, 00:01:02.5, 00:01:02:12 or 299f.")] = "0",
    end: Annotated[str, typer.Option("--out", help="First picture that is not shown; else up to the end.")] = "",
    title: Annotated[str, typer.Option(help="Title of the clip; else the asset's.")] = "",
    language: Annotated[str, typer.Option(help="Language of the title (BCP 47).")] = "en",
    trim: Annotated[bool, typer.Option("--trim", help="Cut the asset itself, at its own URL.")] = False,
    url: Annotated[str, typer.Option(envvar="CHANNEL_URL", help="The server.")] = "http://127.0.0.1:8080",
    token: Annotated[str, typer.Option(help="Else CHANNEL_TOKEN, else $CHANNEL_HOME/admin.token.")] = "",
) -> None:
    """Cut a part out of an asset, exact to the frame. It can be played at once; only its edges are encoded.

    Exit codes: 0 made, 1 refused (the reason is printed), 2 no token.
    """
    bearer = token or os.environ.get("CHANNEL_TOKEN", "") or admin_token(os.environ.get("CHANNEL_HOME") or "var")
    if not bearer:
        typer.echo("channel clip: no token: give --token, or set CHANNEL_TOKEN or CHANNEL_HOME", err=True)
        raise typer.Exit(2)
    body: dict[str, Any] = {"in": begin, **({"out": end} if end else {})}
    if title and not trim:
        body |= {"title": title, "default_language": language}
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {bearer}"}, trust_env=False) as http:
        try:
            answer = http.post(f"/api/assets/{asset}/{'trim' if trim else 'clips'}", json=body)
        except httpx.TransportError as exc:
            typer.echo(f"channel clip: {url} does not answer: {exc}", err=True)
            raise typer.Exit(1) from None
    told = answer.json()
    if answer.is_error:
        typer.echo(f"channel clip: {told.get('detail', answer.reason_phrase)}", err=True)
        raise typer.Exit(1)
    made = "is being trimmed" if trim else f"asset {told['id']}, {told['duration_s']:.3f} s"
    typer.echo(f"{made}, {url.rstrip('/')}/v/{told['id']}/index.m3u8")


def admin_token(home: str) -> str:
    """The token that `channel up` left in its folder; empty if there is none."""
    try:
        return (Path(home) / "admin.token").read_text().strip()
    except OSError:
        return ""
