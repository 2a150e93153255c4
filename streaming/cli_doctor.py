"""`channel doctor`: what is configured, what is reachable, which versions run, and what is missing."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import rich
from rich.markup import escape
from rich.table import Table

from infra.doctor import Finding, examine, examine_infrastructure
from infra.errors import InfraError
from infra.local.preflight import reachable
from infra.settings import InfraSettings
from streaming.profiles.folder import ProfileFolder
from streaming.settings import ServiceSettings
from transcoder.encoders import encoders
from transcoder.encryption.common_packager import packager_path
from transcoder.encryption.wrapping import fingerprint
from transcoder.ffmpeg import Limits, ffmpeg_path, run
from transcoder.sandbox_cage import Cage
from transcoder.sandbox_choice import SETTING as CAGE
from transcoder.sandbox_choice import in_force

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENCODERS = ("libx264", "aac")
_CAGES = {
    Cage.BUBBLEWRAP: "bubblewrap: media is read without a network, in a file system of its own",
    Cage.LANDLOCK: "landlock: media is read without a network, and no file but its own is open to it",
    Cage.PLAIN: "plain: media is read under limits, but files are open to it (see docs/security.md)",
}


async def examine_all(environment: Mapping[str, str]) -> list[Finding]:
    """Everything that a deployment needs, infrastructure first."""
    infra, service = InfraSettings.from_env(environment), ServiceSettings.from_env(environment)

    async def python() -> str:
        return sys.version.split()[0]

    async def ffmpeg() -> str:
        limits = Limits(wall_s=4)
        with tempfile.TemporaryDirectory(prefix="doctor-") as cwd:
            printed = (await run([ffmpeg_path(), "-version"], limits=limits, cwd=Path(cwd))).decode()
        known = await encoders()
        lacking = [name for name in _ENCODERS if name not in known]
        if lacking:
            raise InfraError(f"{ffmpeg_path()} lacks the encoder {', '.join(lacking)}")
        return f"{printed.split()[2]} at {ffmpeg_path()}"

    async def profiles() -> str:
        shelf = await ProfileFolder(service.profiles_folder).shelf()
        errors = [error for file in shelf.files.values() for error in file.parsed.errors]
        if errors:
            raise InfraError("; ".join(errors))
        return f"{', '.join(sorted(shelf.files))} ({service.profiles_folder})"

    async def keys() -> str:
        names = [fingerprint(key) for key in service.encryption.wrapping().keys]
        if not names:
            return "of encrypted assets: in the bucket as they are (see docs/encryption.md)"
        old = f"; older ones: {', '.join(names[1:])}" if names[1:] else ""
        return f"of encrypted assets: wrapped by {names[0]}{old}"

    async def packager() -> str:
        path = packager_path()
        if path is None:
            raise InfraError("none")
        with tempfile.TemporaryDirectory(prefix="doctor-") as cwd:
            said = await run([path, "--version"], limits=Limits(wall_s=5), cwd=Path(cwd))
        return f"{said.decode('utf-8', 'replace').partition(chr(10))[0]} ({path})"

    async def cage() -> str:
        return _CAGES[await asyncio.to_thread(in_force)]

    async def pages() -> str:
        if not (service.web_dist / "index.html").is_file():
            raise InfraError(f"nothing in {service.web_dist}")
        return str(service.web_dist)

    async def api() -> str:
        url = f"http://{reachable(service.host)}:{service.port}/readyz"
        async with httpx.AsyncClient(timeout=4, trust_env=False) as client:
            answer = await client.get(url)
        if answer.status_code != 200:
            raise InfraError(f"{url} answers {answer.status_code}: {answer.text[:200]}")
        return f"ready at {url}"

    own = await asyncio.gather(
        examine("python", python, advice=""),
        examine("ffmpeg", ffmpeg, advice="set CHANNEL_FFMPEG to an ffmpeg with libx264 and aac, or leave it unset"),
        examine("profiles", profiles, advice="mend the file; `channel profiles check FILE` says what is wrong with it"),
        examine("keys", keys, advice=""),
        examine("packager", packager, advice="for cbcs and cenc: leave CHANNEL_PACKAGER unset, or name Shaka Packager"),
        examine("cage", cage, advice=f"install what docs/security.md names for it, or leave {CAGE} unset"),
        examine("pages", pages, advice="run `make up` once, or `npm run build` in web/"),
        examine("api", api, advice="start `channel up` or `channel api`"),
    )
    return [*await examine_infrastructure(infra), *own]


def doctor_command(environment: Mapping[str, str], *, as_json: bool) -> int:
    """Print the report; 0 when all is well, else 1. A missing API alone is no illness of a worker's machine."""
    findings = asyncio.run(examine_all(environment))
    if as_json:
        sys.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2) + "\n")
    else:
        table = Table("", "part", "found", "what to do", box=None)
        for finding in findings:
            mark = "[green]✓[/]" if finding.well else "[red]✗[/]"
            table.add_row(mark, finding.part, escape(finding.found), escape(finding.advice))
        rich.print(table)
    return int(any(not finding.well for finding in findings if finding.part not in ("api", "pages")))
