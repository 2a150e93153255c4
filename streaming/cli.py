"""The command `channel`: every process of the service, and the operator's tools."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta
from typing import Annotated, Never

import typer

from infra.errors import InfraError
from streaming.cli_clip import clip_command
from streaming.cli_live_clip import live_clip_command
from streaming.cli_live_mark import live_mark_command
from streaming.cli_live_slate import live_slate_command
from streaming.cli_profiles import app as profiles_app
from streaming.cli_upload import upload_command

app = typer.Typer(
    name="channel",
    help="The backend of a sports channel: upload, encode, play, count.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Entry point: an error of ours is one line on stderr and exit code 1, never a stack trace."""
    try:
        app()
    except InfraError as exc:
        _give_up(exc)


def _give_up(exc: Exception) -> Never:
    print(f"channel: {exc}", file=sys.stderr)  # noqa: T201 - the operator's terminal
    raise SystemExit(1) from None


def environment() -> dict[str, str]:
    """What the operator set; where that names no servers, those of the stack that runs on CHANNEL_HOME."""
    from infra.local.stack import addresses
    from infra.settings import InfraSettings

    named = {name: value for name, value in os.environ.items() if value.strip()}
    return {**addresses(InfraSettings.from_env(named).home), **named}


@app.command()
def up() -> None:
    """Run the whole stack on this machine: Valkey, S3, SQLite, API, worker, live. Ctrl-C stops all of it."""
    from streaming.cli_up import up_command

    up_command(os.environ)


@app.command()
def api() -> None:
    """Run one API process (any number may run side by side)."""
    from streaming.server import serve

    serve(os.environ)


@app.command()
def worker(
    slots: Annotated[int | None, typer.Option(help="Bulk encodes at a time (CHANNEL_WORKER_SLOTS).")] = None,
    first_slots: Annotated[
        int | None, typer.Option(help="Slots kept for new assets' segments (CHANNEL_WORKER_FIRST_SLOTS).")
    ] = None,
    index_slots: Annotated[
        int | None, typer.Option(help="Slots kept for indexes and very first segments (CHANNEL_WORKER_INDEX_SLOTS).")
    ] = None,
    urgent_slots: Annotated[
        int | None, typer.Option(help="Slots kept for what a viewer waits for (CHANNEL_WORKER_URGENT_SLOTS).")
    ] = None,
) -> None:
    """Run one worker: it indexes and encodes (any number may run, on any machine)."""
    from transcoder.worker import worker_main

    flags = {
        "CHANNEL_WORKER_SLOTS": slots,
        "CHANNEL_WORKER_FIRST_SLOTS": first_slots,
        "CHANNEL_WORKER_INDEX_SLOTS": index_slots,
        "CHANNEL_WORKER_URGENT_SLOTS": urgent_slots,
    }
    worker_main({**environment(), **{name: str(count) for name, count in flags.items() if count is not None}})


@app.command()
def live() -> None:
    """Run the live process: it takes publishers, encodes what they send, and makes the parts that viewers play."""
    from streaming.live.process import live_main

    live_main(environment())


@app.command()
def migrate() -> None:
    """Make the bucket if it is missing, and bring the database to this version's tables."""
    from infra.settings import InfraSettings
    from streaming.prepare import prepare

    asyncio.run(prepare(InfraSettings.from_env(environment())))


@app.command()
def token(
    role: Annotated[str, typer.Argument(help="admin, publisher, editor or viewer-service")],
    name: Annotated[str, typer.Option(help="Who or what will use it.")],
    days: Annotated[int | None, typer.Option(help="Days until it expires; never when left out.", min=1)] = None,
) -> None:
    """Make a token and print it once: only its hash is stored."""
    from streaming.cli_token import make_token

    lifetime = None if days is None else timedelta(days=days)
    typer.echo(asyncio.run(make_token(environment(), role=role, name=name, lifetime=lifetime)))


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Say what is configured, what is reachable, which versions run, and what is missing."""
    from streaming.cli_doctor import doctor_command

    raise SystemExit(doctor_command(environment(), as_json=as_json))


@app.command()
def rewrap() -> None:
    """Wrap the secrets of all encrypted assets with the first of CHANNEL_KEY_ENCRYPTION_KEY: the others can go then."""
    from streaming.cli_rewrap import rewrap_command

    raise SystemExit(rewrap_command(environment()))


app.command("upload")(upload_command)
app.command("clip")(clip_command)
app.command("live-clip")(live_clip_command)
app.command("live-mark")(live_mark_command)
app.command("live-slate")(live_slate_command)
app.add_typer(profiles_app, name="profiles")


if __name__ == "__main__":
    main()
