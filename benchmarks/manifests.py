"""Playlists per second per core: one API process against nginx serving the same bytes as files."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil

from benchmarks.clips import made
from benchmarks.report import Result
from infra.local.preflight import free_port
from tests.e2e.stack import Stack, running

if TYPE_CHECKING:
    from collections.abc import Sequence

REQUESTS = 48_000
"""Enough for nginx: the clock of CPU time ticks a hundred times a second."""
CONNECTIONS = 16


async def _connection(host: str, port: int, request: bytes, times: int) -> None:
    """Ask again and again over one kept-alive connection; nothing is parsed but lengths, so the client costs little."""
    reader, writer = await asyncio.open_connection(host, port)
    for _ in range(times):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head.split(b"\r\n", 1)[0], head
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()


async def _load(port: int, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\n\r\n".encode()
    times = REQUESTS // CONNECTIONS
    await asyncio.gather(*(_connection("127.0.0.1", port, request, times) for _ in range(CONNECTIONS)))


def _cpu(processes: Sequence[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _measure(processes: Sequence[psutil.Process], port: int, path: str) -> tuple[float, float]:
    """Requests per second of wall time, and per second of the server's own CPU: what one core can do."""
    asyncio.run(_load(port, path))
    cpu, wall = _cpu(processes), time.perf_counter()
    asyncio.run(_load(port, path))
    return REQUESTS / (time.perf_counter() - wall), REQUESTS / max(_cpu(processes) - cpu, 0.01)


def _nginx(stack: ExitStack, root: Path) -> tuple[list[psutil.Process], int]:
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    port = free_port()
    owner = "user root;" if os.geteuid() == 0 else ""
    (root / "nginx.conf").write_text(
        f"{owner} daemon off; worker_processes 1; pid {root}/nginx.pid; error_log {root}/error.log;"
        "events { worker_connections 512; } http { access_log off; keepalive_requests 1000000;"
        "types { application/vnd.apple.mpegurl m3u8; } gzip_static on;"
        f" server {{ listen 127.0.0.1:{port}; root {root}; }} }}"
    )
    server = subprocess.Popen([program, "-c", str(root / "nginx.conf"), "-p", str(root)])
    stack.callback(server.wait)
    stack.callback(server.terminate)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
            break
        except httpx.HTTPError:
            time.sleep(0.05)
    return psutil.Process(server.pid).children(), port


def run() -> Result:
    rows, numbers = [], {}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        service = stack.enter_context(running(Stack(home=folder / "home", port=free_port())))
        asset = service.upload(made(folder, seconds=30))
        service.wait_for(asset, "ready", within=300)
        rendition = next(
            line for line in httpx.get(f"{service.url}/v/{asset}/index.m3u8", trust_env=False).text.splitlines()
            if line.startswith("v")
        )  # fmt: skip
        root = folder / "root"
        processes, port = _nginx(stack, _copied(service, asset, rendition, root))
        for what, path in (("multivariant", f"/v/{asset}/index.m3u8"), ("media", f"/v/{asset}/{rendition}")):
            _, ours = _measure([service.child("api")], service.port, path)
            _, theirs = _measure(processes, port, path)
            rows.append((what, f"{ours:,.0f}", f"{theirs:,.0f}", f"{ours / theirs:.2f}"))
            numbers[what] = {"ours": round(ours), "nginx": round(theirs)}
    return Result(
        name="Playlists per core",
        question="Requests per second of the server's own CPU time, kept-alive connections, gzip: one API process "
        "against nginx serving the same playlists as files (with gzip_static).",
        columns=("playlist", "ours per core", "nginx per core", "ratio"),
        rows=tuple(rows),
        verdict="The limit is nginx: behind it as the edge, the API answers once for each cached playlist.",
        numbers=numbers,
    )


def _copied(service: Stack, asset: str, rendition: str, root: Path) -> Path:
    """The same bytes as files, gzipped beside."""
    for path in (f"/v/{asset}/index.m3u8", f"/v/{asset}/{rendition}"):
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(httpx.get(service.url + path, trust_env=False).raise_for_status().text)
        subprocess.run(["gzip", "-k", "-9", str(target)], check=True)
    return root
