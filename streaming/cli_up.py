"""`channel up`: the embedded stack with our own processes in it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import rich

from infra.local.preflight import require_port, require_program
from infra.local.stack import Program, StackSettings, run_stack
from infra.settings import InfraSettings
from infra.sql import open_engine
from streaming.live.ingest.settings import IngestSettings
from streaming.prepare import prepare
from streaming.settings import ServiceSettings
from streaming.tokens.service import Tokens
from transcoder.ffmpeg import ffmpeg_path

if TYPE_CHECKING:
    from collections.abc import Mapping


def up_command(environment: Mapping[str, str]) -> None:
    """Run until Ctrl-C or SIGTERM. Raises CannotStart with one clear line."""
    home = InfraSettings.from_env(environment).home.absolute()
    service = ServiceSettings.from_env(environment)
    ingest = IngestSettings.from_env(environment)
    rtmp = ingest.rtmp
    token_file = home / "admin.token"
    require_program(ffmpeg_path(), "CHANNEL_FFMPEG")
    if rtmp.port:
        require_port(rtmp.host, rtmp.port, "CHANNEL_RTMP_PORT")
    if ingest.http.port:
        require_port(ingest.http.host, ingest.http.port, "CHANNEL_INGEST_PORT")

    async def prepare_all(settings: Mapping[str, str]) -> None:
        infra = InfraSettings.from_env(settings)
        await prepare(infra)
        engine = open_engine(infra.database_url)
        try:
            await Tokens(sql=engine).ensure_admin(token_file)
        finally:
            await engine.dispose()

    def announce(settings: Mapping[str, str]) -> None:
        url = f"http://{service.host}:{service.port}"
        obs = f"OBS: server rtmp://{rtmp.host}:{rtmp.port}/live, " if rtmp.port else ""
        rich.get_console().print(
            f"""
  [bold]Viewer site[/]   {url}/
  [bold]Studio[/]        {url}/studio
  [bold]API[/]           {url}/docs
  [bold]Publishers[/]    {obs}keys and addresses by POST /api/channels/…/keys (docs/live.md)
  [bold]S3[/]            {settings["CHANNEL_S3_ENDPOINT_URL"]} (bucket {settings.get("CHANNEL_S3_BUCKET", "channel")})
  [bold]Admin token[/]   {token_file.read_text().strip()}
                [dim]also in {token_file}[/]

  channel upload FILE… --wait      [dim]Ctrl-C stops everything; all data stays in {home}[/]
""",
            soft_wrap=True,  # a path that is wrapped cannot be copied
        )

    asyncio.run(
        run_stack(
            StackSettings(
                home=home,
                host=service.host,
                port=service.port,
                environment=environment,
                programs=(
                    Program(name="api", arguments=("api",)),
                    Program(name="worker", arguments=("worker",), stop_within_s=15),
                    Program(name="live", arguments=("live",), listens=(rtmp.host, rtmp.port) if rtmp.port else None),
                ),
                prepare=prepare_all,
                announce=announce,
            )
        )
    )
