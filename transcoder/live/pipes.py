"""A pipe that a child reads from: what a publisher sends, as fast as the child takes it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Self


class InputPipe:
    """Hand `fd` to `spawn(stdin=…)`, then `write`; `close` ends the child's input."""

    def __init__(self) -> None:
        self.fd, self._write_fd = os.pipe()
        os.set_blocking(self._write_fd, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close_child_end()
        self.close()

    def close_child_end(self) -> None:
        """Close our copy of the reading end: writing fails once the child is gone."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def close(self) -> None:
        if self._write_fd >= 0:
            os.close(self._write_fd)
            self._write_fd = -1

    async def write(self, body: bytes) -> bool:
        """Waits while the child is behind. False: it takes no more."""
        left = memoryview(body)
        while left:
            try:
                left = left[os.write(self._write_fd, left) :]
            except BlockingIOError:
                await self._writable()
            except OSError:  # the child is gone, or the pipe was closed meanwhile
                return False
        return True

    async def _writable(self) -> None:
        loop, fd = asyncio.get_running_loop(), self._write_fd
        ready = loop.create_future()
        loop.add_writer(fd, ready.cancel)
        try:
            await asyncio.wait([ready])
        finally:
            with contextlib.suppress(OSError, ValueError):
                loop.remove_writer(fd)
