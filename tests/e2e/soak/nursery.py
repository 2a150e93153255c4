"""A fork server: API and worker processes that are there in a moment, each a real process of its own.

Starting `channel worker` costs a second of imports, and a soak starts hundreds. Run as a program, this imports the
service once; each line of its standard input (JSON: part, environment, log) becomes a fork that runs the part, and is
answered by a line with its process id. All of them end with it, by the kernel's hand.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PR_SET_PDEATHSIG: Final = 1  # prctl(2)


class Nursery:
    """The fork server, seen from the test."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.soak.nursery"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, part: str, *, environment: Mapping[str, str], log: Path) -> psutil.Process:
        """`channel api` or `channel worker` as a new process."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        with self._lock:
            order = {"part": part, "environment": dict(environment), "log": str(log)}
            self._server.stdin.write(f"{json.dumps(order)}\n")
            self._server.stdin.flush()
            return psutil.Process(int(self._server.stdout.readline()))

    def close(self) -> None:
        """End it, and with it whatever is left of its children."""
        self._server.kill()
        self._server.wait()
        for pipe in (self._server.stdin, self._server.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def _reap(*_signal: Any) -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _become(order: Mapping[str, Any]) -> None:
    """What a fork does: standard streams, environment and signals as of a fresh process, then the part itself."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.clear()
    os.environ.update(order["environment"])
    if order["part"] == "api":
        from streaming.server import serve

        serve(os.environ)
    else:
        from transcoder.worker import worker_main

        worker_main(os.environ)


def main() -> None:
    # What a part imports, so that a fork has it: boto3 reads its description of S3 when the first client is made.
    import av  # noqa: F401
    import boto3

    import streaming.server  # noqa: F401
    import transcoder.worker  # noqa: F401

    boto3.session.Session().client("s3", region_name="us-east-1", aws_access_key_id="-", aws_secret_access_key="-")
    signal.signal(signal.SIGCHLD, _reap)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                _become(json.loads(line))
                code = 0
            except BaseException:
                traceback.print_exc()  # into the part's log
            finally:
                os._exit(code)
        print(pid, flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
