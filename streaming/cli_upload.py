"""`channel upload`: files and folders to a server, with a progress bar for the upload and for the encode."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from streaming.upload import tus
from streaming.upload.client.errors import UploadFailed
from streaming.upload.client.files import find
from streaming.upload.client.memory import Memory, default_folder
from streaming.upload.client.transfer import Transfer
from streaming.upload.client.watch import EncodeProgress, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asks for, beside the files."""

    title: str = ""
    language: str = ""
    asset: str = ""
    profile: str = ""
    wait: bool = False
    publish: bool = False
    as_json: bool = False

    def metadata(self, file: Path) -> dict[str, str]:
        """What the server is told about a file."""
        said = {"filename": file.name, "title": self.title, "language": self.language, "asset": self.asset}
        said["profile"] = self.profile
        if self.publish:
            said["publish"] = "true"
        return {key: value for key, value in said.items() if value}


def upload_command(
    files: Annotated[list[Path], typer.Argument(help="Files, or folders to look for media in.")],
    title: Annotated[str, typer.Option(help="Title of the asset; without it, the file's name.")] = "",
    language: Annotated[str, typer.Option(help="Language of the title (BCP 47).")] = "",
    asset: Annotated[str, typer.Option(help="Attach to this asset; if it plays already, replace its source.")] = "",
    profile: Annotated[str, typer.Option(help="What it is made by; `channel profiles` lists them.")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the asset is encoded.")] = False,
    publish: Annotated[bool, typer.Option("--publish", help="Publish it (needs a publisher's token).")] = False,
    url: Annotated[str, typer.Option(envvar="CHANNEL_URL", help="The server.")] = "http://127.0.0.1:8080",
    token: Annotated[str, typer.Option(help="Else CHANNEL_TOKEN, else $CHANNEL_HOME/admin.token.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")] = False,
) -> None:
    """Upload files or whole folders. Interrupted? Run the same command again: it goes on where it was.

    Exit codes: 0 all is well, 1 a file failed, 2 there is nothing to upload or no token, 130 stopped by Ctrl-C.
    """
    wishes = Wishes(
        title=title, language=language, asset=asset, profile=profile, wait=wait, publish=publish, as_json=as_json
    )
    raise typer.Exit(run_upload(files, wishes, url=url, token=token, environment=os.environ))


def run_upload(files: list[Path], wishes: Wishes, *, url: str, token: str, environment: Mapping[str, str]) -> int:
    """The command without its command line; returns its exit code."""
    printer = _Printer(as_json=wishes.as_json)
    bearer = token or environment.get("CHANNEL_TOKEN", "") or _admin_token(environment)
    if not bearer:
        return printer.give_up("no token: give --token, or set CHANNEL_TOKEN or CHANNEL_HOME")
    if missing := [str(path) for path in files if not path.exists()]:
        return printer.give_up(f"no such file: {', '.join(missing)}")
    found = find(files)
    if not found.wanted:
        return printer.give_up("no media there")
    if len(found.wanted) > 1 and (wishes.title or wishes.asset):
        return printer.give_up("--title and --asset go with one file")
    for path, reason in found.skipped:
        printer.skipped(path, reason)
    headers = {"Authorization": f"Bearer {bearer}", "Tus-Resumable": tus.VERSION}
    timeout = httpx.Timeout(60, connect=10)
    with httpx.Client(base_url=url, headers=headers, timeout=timeout, trust_env=False) as http:
        transfer = Transfer(http, Memory(default_folder(environment)))
        failed = 0
        try:
            with printer.progress:
                for file in found.wanted:
                    try:
                        _upload_one(file, wishes, http, transfer, printer)
                    except UploadFailed as exc:
                        failed += 1
                        printer.failed(file, str(exc))
        except KeyboardInterrupt:
            return printer.stopped()
    printer.summary(len(found.wanted) - failed, failed, len(found.skipped))
    return 1 if failed else 0


def _upload_one(file: Path, wishes: Wishes, http: httpx.Client, transfer: Transfer, printer: _Printer) -> None:
    bar = printer.progress.add_task(file.name, total=file.stat().st_size)
    try:
        sent = transfer.send(file, wishes.metadata(file), lambda offset: printer.progress.update(bar, completed=offset))
        state = "uploaded"
        if wishes.wait:
            printer.progress.update(bar, total=100, completed=0)

            def on_progress(at: EncodeProgress) -> None:
                printer.progress.update(bar, completed=at.percent, description=f"{file.name} ({at.state})")

            end = wait_until_ready(http, sent.asset, on_progress)
            state = end.state
            if end.failure is not None or state == "failed":
                why = end.failure.message if end.failure else "no reason was given"
                raise UploadFailed(f"asset {sent.asset} cannot be encoded: {why}")
    finally:
        printer.progress.remove_task(bar)
    printer.done(file, sent.asset, f"{http.base_url}".rstrip("/") + f"/v/{sent.asset}/index.m3u8", state)


def _admin_token(environment: Mapping[str, str]) -> str:
    try:
        return (Path(environment.get("CHANNEL_HOME") or "var") / "admin.token").read_text().strip()
    except OSError:
        return ""


class _Printer:
    """Results on stdout, everything else on stderr, where a terminal sees the bars."""

    def __init__(self, *, as_json: bool) -> None:
        self._json = as_json
        self._out = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
        self._err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)
        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=self._err,
            disable=as_json or not self._err.is_terminal,
        )

    def done(self, file: Path, asset: str, url: str, state: str) -> None:
        if self._json:
            self._line(file=str(file), asset=asset, state=state, url=url)
        else:
            self._out.print(f"{file}: {state}, asset {asset}, {url}")

    def failed(self, file: Path, reason: str) -> None:
        if self._json:
            self._line(file=str(file), error=reason)
        else:
            self._err.print(f"{file}: {reason}")

    def skipped(self, file: Path, reason: str) -> None:
        if self._json:
            self._line(file=str(file), skipped=reason)
        else:
            self._err.print(f"{file}: skipped. {reason}")

    def summary(self, done: int, failed: int, skipped: int) -> None:
        if not self._json and done + failed + skipped > 1:
            self._err.print(f"{done} uploaded, {failed} failed, {skipped} skipped")

    def give_up(self, reason: str) -> int:
        self._err.print(f"channel upload: {reason}")
        return 2

    def stopped(self) -> int:
        self._err.print("stopped; the same command goes on where it was")
        return 128 + signal.SIGINT

    def _line(self, **values: Any) -> None:
        self._out.print(json.dumps(values, ensure_ascii=False))
