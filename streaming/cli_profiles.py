"""`channel profiles`: what packages are made of: list, show, check."""

from __future__ import annotations

import asyncio
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from streaming.profiles.folder import ProfileFolder, read_file
from streaming.profiles.shelf import Shelf
from streaming.settings import ServiceSettings
from transcoder.profile_file import render

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(help="What packages are made of: list them, show one, or check a file.", invoke_without_command=True)


@app.callback()
def list_them(context: typer.Context) -> None:
    """What packages are made of: list them, show one, or check a file."""
    if context.invoked_subcommand is None:
        raise typer.Exit(list_command(_environment()))


@app.command()
def show(name: Annotated[str, typer.Argument(help="The profile.")]) -> None:
    """Print all of a profile, as a file that says the same: defaults too."""
    raise typer.Exit(show_command(_environment(), name))


@app.command()
def check(file: Annotated[Path, typer.Argument(help="A file, wherever it lies.", exists=True, dir_okay=False)]) -> None:
    """Say what is wrong with a file before it goes into the folder. Exit code 1 if something is."""
    raise typer.Exit(check_command(file))


def folder_of(environment: Mapping[str, str]) -> ProfileFolder:
    """The folder that an API process with this environment reads."""
    return ProfileFolder(ServiceSettings.from_env(environment).profiles_folder)


def list_command(environment: Mapping[str, str]) -> int:
    """Print a line for each profile, and what is wrong; 1 if something is."""
    folder = folder_of(environment)
    shelf = asyncio.run(folder.shelf())
    for name, file in sorted(shelf.files.items()):
        parsed, whose = file.parsed, "built in" if not file.text else f"{folder.path / name}.toml"
        description = "" if parsed.profile is None else parsed.profile.description
        _print(f"{'✓' if parsed.profile else '✗'} {name}  {description}  ({whose})".replace("    ", "  "))
        for tenant in parsed.tenants:
            _print(f"    default of {tenant}")
        for line in (*parsed.errors, *parsed.warnings):
            _print(f"    {line}")
    return int(any(file.parsed.profile is None for file in shelf.files.values()))


def show_command(environment: Mapping[str, str], name: str) -> int:
    """Print the effective values of one; 1 if there is none, or it is broken."""
    file = asyncio.run(folder_of(environment).shelf()).files.get(name)
    if file is None or file.parsed.profile is None:
        _complain(f"there is no profile {name}" if file is None else "\n".join(file.parsed.errors))
        return 1
    _print(render(file.parsed.profile, tenants=file.parsed.tenants).rstrip("\n"))
    return 0


def check_command(file: Path) -> int:
    """Print what is wrong with a file; 1 if something is."""
    found = Shelf.of({file.stem: read_file(file)})
    parsed = asyncio.run(ProfileFolder(file.parent).known(found)).files[file.stem].parsed
    for line in (*parsed.errors, *parsed.warnings):
        _complain(line)
    if parsed.profile is None:
        return 1
    _print(f"{file}: all is well")
    return 0


def _environment() -> dict[str, str]:
    from streaming.cli import environment

    return environment()


def _print(line: str) -> None:
    Console(soft_wrap=True, highlight=False, markup=False, emoji=False).print(line)


def _complain(line: str) -> None:
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False).print(line)
