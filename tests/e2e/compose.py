"""docker-compose.yml read as Compose reads it, as far as this file uses it, and its services as local processes."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "olympic-channel"
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z0-9_]+)(?:(?P<how>:[-?])(?P<word>[^}]*))?\}")


def example_environment() -> dict[str, str]:
    """What a newcomer copies to .env."""
    lines = (ROOT / "infra" / "deploy" / "example.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def interpolate(text: str, environment: dict[str, str]) -> str:
    """Compose's ${NAME}, ${NAME:-default} and ${NAME:?message}. Raises KeyError for a variable that must be set."""

    def replaced(found: re.Match[str]) -> str:
        value = environment.get(found["name"], "")
        if value or found["how"] is None:
            return value
        if found["how"] == ":?":
            raise KeyError(f"{found['name']}: {found['word']}")
        return found["word"]

    return _VARIABLE.sub(replaced, text)


def load(environment: dict[str, str]) -> dict[str, Any]:
    """The file with its variables filled in and its anchors merged."""
    found: dict[str, Any] = yaml.safe_load(interpolate((ROOT / "docker-compose.yml").read_text(), environment))
    return found


def own_services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The services that run our image."""
    return {name: service for name, service in compose["services"].items() if service["image"] == IMAGE}


@dataclass(frozen=True)
class Places:
    """Where the services' host names lead on this machine: "postgres:5432" → "127.0.0.1:40123"."""

    hosts: dict[str, str]
    home: Path

    def environment(self, service: dict[str, Any]) -> dict[str, str]:
        """The service's environment with every host and folder of the containers replaced by one of this machine."""
        made = {}
        for name, value in service["environment"].items():
            text = str(value)
            for inside, outside in self.hosts.items():
                text = text.replace(inside, outside)
            for folder in ("/var/lib/channel", "/var/cache/channel"):
                text = text.replace(folder, str(self.home / folder.lstrip("/")))
            made[name] = text
        return {**{key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}, **made}


def live_cache(*, upstreams: dict[str, str]) -> str:
    """infra/deploy/live.vcl with addresses of this machine; nothing else is changed."""
    text = (ROOT / "infra" / "deploy" / "live.vcl").read_text()
    for inside, outside in upstreams.items():
        (host, port), (to, at) = inside.split(":"), outside.split(":")
        written = f'.host = "{host}"; .port = "{port}";'
        assert written in text, f"the cache does not know {inside}"
        text = text.replace(written, f'.host = "{to}"; .port = "{at}";')
    return text


def varnish(configuration: Path, *, port: int, folder: Path) -> list[str]:
    """The command of the service, with a folder, a port and a configuration of this machine."""
    program = shutil.which("varnishd", path="/usr/sbin:/usr/bin")
    assert program is not None, "no varnishd on this machine (Debian: varnish)"
    command = load(example_environment())["services"]["live-cache"]["command"]
    replaced = {"varnishd": program, ":6081": f"127.0.0.1:{port}", "/etc/varnish/live.vcl": str(configuration)}
    # Without a user of its own: tests run as whoever they are.
    return [*(replaced.get(each, each) for each in command), "-j", "none", "-n", str(folder)]


def edge_configuration(*, upstreams: dict[str, str], port: int, folder: Path) -> str:
    """infra/deploy/nginx.conf with addresses and folders of this machine; nothing else is changed."""
    text = (ROOT / "infra" / "deploy" / "nginx.conf").read_text()
    for inside, outside in upstreams.items():
        assert f"server {inside} " in text, f"the edge does not know {inside}"
        text = text.replace(f"server {inside} ", f"server {outside} ")
    text = text.replace("listen 8080;", f"listen 127.0.0.1:{port};")
    text = text.replace("/var/cache/nginx", str(folder / "cache")).replace("/tmp/nginx.pid", str(folder / "nginx.pid"))  # noqa: S108 - replaced
    text = text.replace("access_log /dev/stdout", f"access_log {folder / 'access.log'}")
    text = text.replace("/dev/stderr", str(folder / "error.log"))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"    {kind}_temp_path {folder / kind};\n" for kind in kinds)
    # Started as root its workers would become "nobody", who may not write into the test's folder.
    owner = "user root;\n" if os.geteuid() == 0 else ""
    return "daemon off;\n" + owner + text.replace("http {\n", "http {\n" + temporary, 1)
