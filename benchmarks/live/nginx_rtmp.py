"""Ordinary HLS by nginx-rtmp (Debian: libnginx-mod-rtmp), as its own documentation sets it up."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.local.preflight import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

FRAGMENT_S: Final = 2
_MODULE: Final = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
_CONFIGURATION: Final = """
load_module {module};
{owner}
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
rtmp {{
    server {{
        listen 127.0.0.1:{rtmp};
        application live {{
            live on; record off;
            hls on; hls_path {folder}/hls; hls_fragment {fragment}s; hls_playlist_length {length}s;
        }}
    }}
}}
http {{
    access_log off;
    types {{ application/vnd.apple.mpegurl m3u8; video/mp2t ts; }}
    server {{
        listen 127.0.0.1:{http};
        add_header Cache-Control no-cache;
        location / {{ root {folder}/hls; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """Where to publish, and where it is watched (`origin` and the playlist's path)."""

    address: str
    origin: str
    path: str = "/bench.m3u8"


def is_here() -> bool:
    return _MODULE.exists() and _program() is not None


def _program() -> str | None:
    return shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")


@contextmanager
def serving(folder: Path) -> Iterator[Rival]:
    """A server while the body runs; `folder` is its own."""
    rtmp, http = free_port(), free_port()
    (folder / "hls").mkdir(parents=True)
    file = folder / "nginx.conf"
    file.write_text(
        _CONFIGURATION.format(
            module=_MODULE, folder=folder, rtmp=rtmp, http=http, fragment=FRAGMENT_S, length=10 * FRAGMENT_S,
            owner="user root;" if os.geteuid() == 0 else "",
        )
    )  # fmt: skip
    server = subprocess.Popen([_program() or "nginx", "-c", str(file), "-p", str(folder)])
    try:
        yield Rival(address=f"rtmp://127.0.0.1:{rtmp}/live/bench", origin=f"http://127.0.0.1:{http}")
    finally:
        server.terminate()
        server.wait()
