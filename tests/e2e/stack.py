"""The whole embedded stack as a user starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_S: Final = 300.0
_NO_WAYS_IN: Final = {"CHANNEL_RTMP_PORT": "0", "CHANNEL_SRT_PORTS": "off", "CHANNEL_INGEST_PORT": "0"}
"""Several stacks run side by side: only tests of live take these ports."""


def until(condition: Callable[[], Any], what: str, *, within: float = PATIENCE_S) -> Any:
    """The first true answer of `condition`; AssertionError that says `what` if none comes."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {within:g} s: {what}")


@dataclass
class Stack:
    """`channel up` on a home and a port of its own. `profiles` are the texts of files, by name."""

    home: Path
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    profiles: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        return (self.home / "admin.token").read_text().strip()

    def client(self, *, token: str | None = None) -> httpx.Client:
        """An HTTP client with the admin's token (or another; "" for none)."""
        used = self.token if token is None else token
        headers = {"Authorization": f"Bearer {used}"} if used else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    def start(self) -> Stack:
        for name, text in self.profiles.items():
            file = self.home / "profiles" / f"{name}.toml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "streaming", "up"],
            env={
                **os.environ, **_NO_WAYS_IN, **self.environment, "CHANNEL_HOME": str(self.home),
                "CHANNEL_PORT": str(self.port),
            },
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        until(self._ready, "the stack is ready", within=60)
        return self

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.process.communicate()[0]
        if not (self.home / "stack.json").exists():
            return False
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def children(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def find(self, name: str) -> psutil.Process | None:
        """The direct child that runs a part (api, worker, valkey, s3), if it runs now."""
        ours = {name: f" {name}" for name in ("api", "worker", "live")}
        marks = {**ours, "valkey": "-server 127.0.0.1:", "s3": "infra.local.s3"}
        assert self.process is not None
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                if marks[name] in " " + " ".join(child.cmdline()):
                    return child
        return None

    def child(self, name: str) -> psutil.Process:
        """The same, when it must run."""
        found = self.find(name)
        assert found is not None, f"no part {name}"
        return found

    def stop(self, number: int = signal.SIGTERM) -> str:
        """End it as a user does; what it printed."""
        assert self.process is not None
        self.process.send_signal(number)
        printed = self.process.communicate(timeout=300)[0]
        return printed or ""

    # --- what an editor does ---

    def upload(self, source: Path, *, title: str | None = None, publish: bool = True, profile: str = "") -> str:
        """Create an asset, PUT its source, publish it; the asset's id."""
        with self.client() as client:
            said = {"title": title or source.stem, "profile": profile}
            asset = client.post("/api/assets", json=said).raise_for_status().json()["id"]
            client.put(f"/api/assets/{asset}/source", content=source.read_bytes()).raise_for_status()
            if publish:
                client.post(f"/api/assets/{asset}/publish").raise_for_status()
        return str(asset)

    def asset(self, asset: str) -> dict[str, Any]:
        with self.client() as client:
            found: dict[str, Any] = client.get(f"/api/assets/{asset}").raise_for_status().json()
            return found

    def state(self, asset: str) -> dict[str, Any]:
        """The asset, or nothing while the API is away."""
        try:
            return self.asset(asset)
        except httpx.HTTPError:
            return {"state": "unknown"}

    def wait_for(self, asset: str, *states: str, within: float = PATIENCE_S) -> dict[str, Any]:
        """Wait until the asset is in one of the states."""
        return until(
            lambda: (found := self.state(asset))["state"] in states and found, f"{asset} is {states}", within=within
        )  # type: ignore[no-any-return]


@contextmanager
def running(stack: Stack) -> Iterator[Stack]:
    try:
        yield stack.start()
    finally:
        if stack.process is not None and stack.process.poll() is None:
            stack.stop()
