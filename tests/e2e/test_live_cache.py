"""infra/deploy/live.vcl in Varnish, in front of an origin that counts who asks and answers when it is told to."""

from __future__ import annotations

import asyncio
import subprocess
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.e2e.compose import live_cache, varnish
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

PLAYLIST = "/live/arena/v360-1/index.m3u8"


@dataclass
class Origin:
    """Holds whoever asks for a playlist until `open` is set; answers with `status` and `lifetime`."""

    asked: Counter[str] = field(default_factory=Counter)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    status: str = "200 OK"
    lifetime: str = "public, max-age=6"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                target = head.split(b" ", 2)[1].decode()
                if target != "/healthz":
                    self.asked[target] += 1
                    await self.open.wait()
                said = f"HTTP/1.1 {self.status}\r\nCache-Control: {self.lifetime}\r\nContent-Length: 2\r\n\r\nok"
                writer.write((said if target != "/healthz" else said.replace(self.status, "200 OK")).encode())
        except asyncio.IncompleteReadError:
            writer.close()


@pytest.fixture
async def origin() -> AsyncIterator[tuple[Origin, int]]:
    made = Origin()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    yield made, server.sockets[0].getsockname()[1]
    made.open.set()
    server.close()


@asynccontextmanager
async def cached(port: int, upstream: int, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    file = folder / "live.vcl"
    file.write_text(live_cache(upstreams=dict.fromkeys(("api-1:8080", "api-2:8080"), f"127.0.0.1:{upstream}")))
    log = (folder / "varnish.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        *varnish(file, port=port, folder=folder / "varnish"), stdin=subprocess.DEVNULL, stdout=log, stderr=log
    )  # fmt: skip
    # As many connections as viewers, for they all wait.
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=60, trust_env=False
    ) as client:
        try:
            await eventually(lambda: _answers(client))
            yield client
        finally:
            process.terminate()
            await process.wait()
            log.close()


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/healthz")).status_code == 200
    except httpx.TransportError:
        return False


async def test_what_many_wait_for_is_asked_for_once(
    origin: tuple[Origin, int], free_port: Callable[[], int], tmp_path: Path
) -> None:
    api, upstream = origin
    async with cached(free_port(), upstream, tmp_path) as client:
        same = [f"{PLAYLIST}?CMCD=sid%3D%22{viewer}%22&_HLS_part=2&_HLS_msn=7&_HLS_skip=v2" for viewer in range(30)]
        waiting = [asyncio.create_task(client.get(each)) for each in same]
        # What a cache could take for the plain playlist never comes to where it would mean something else.
        others = [
            asyncio.create_task(client.get(f"{PLAYLIST}?{each}"))
            for each in ("_HLS_msn=7&_HLS_part=3", "_HLS_ms%6e=9", "_HLS_msn=x&a=b")
        ]
        private = asyncio.create_task(client.get(same[0], headers={"Authorization": "Bearer t"}))
        ours = f"{PLAYLIST}?_HLS_msn=7&_HLS_part=2&_HLS_skip=v2"
        wanted = {ours, f"{PLAYLIST}?_HLS_msn=7&_HLS_part=3", PLAYLIST, f"{PLAYLIST}?_HLS_msn=x", same[0]}

        async def all_are_held() -> bool:
            return set(api.asked) == wanted

        await eventually(all_are_held)
        api.open.set()
        answers = await asyncio.gather(*waiting, *others, private)
        assert {answer.text for answer in answers} == {"ok"}
        assert set(api.asked.values()) == {1}
        again = await client.get(same[3])
        assert (again.headers["X-Cache"], api.asked[ours]) == ("HIT", 1)


async def test_a_refusal_that_is_not_to_be_kept_is_everybodys_own(
    origin: tuple[Origin, int], free_port: Callable[[], int], tmp_path: Path
) -> None:
    api, upstream = origin
    api.status, api.lifetime = "503 Service Unavailable", "no-store"
    api.open.set()
    async with cached(free_port(), upstream, tmp_path) as client:
        for _ in range(2):
            assert (await client.get(PLAYLIST)).status_code == 503
        assert api.asked[PLAYLIST] == 2
        api.status, api.lifetime = "200 OK", "public, max-age=6"
        assert (await client.get(PLAYLIST)).status_code == 200


@dataclass
class Growing:
    """Sends a segment as it grows: what is put into `parts`, b"" at its end; None cuts the connection."""

    asked: int = 0
    parts: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if b"/healthz" in head:
                    writer.write(b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 0\r\n\r\n")
                    continue
                self.asked += 1
                writer.write(
                    b"HTTP/1.1 200 OK\r\nCache-Control: public, max-age=31536000, immutable\r\n"
                    b"X-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                while part := await self.parts.get():
                    writer.write(b"%x\r\n%b\r\n" % (len(part), part))
                if part is None:
                    writer.transport.abort()
                    return
                writer.write(b"0\r\n\r\n")
        except asyncio.IncompleteReadError:
            writer.close()


async def test_a_segment_that_grows_is_fetched_once_and_kept_only_whole(
    free_port: Callable[[], int], tmp_path: Path
) -> None:
    api = Growing()
    server = await asyncio.start_server(api.answer, "127.0.0.1", 0)
    async with server, cached(free_port(), server.sockets[0].getsockname()[1], tmp_path) as client:
        segment = "/live/arena/v360-1/7.m4s"
        async with client.stream("GET", segment) as one, client.stream("GET", f"{segment}?CMCD=sid") as other:
            viewers = [one.aiter_raw(), other.aiter_raw()]
            for part in (b"first", b"second"):
                api.parts.put_nowait(part)
                assert [await anext(viewer) for viewer in viewers] == [part] * 2
            api.parts.put_nowait(b"")
            assert [[left async for left in viewer] for viewer in viewers] == [[], []]
        again = await client.get(segment)
        assert (again.content, again.headers["X-Cache"], api.asked) == (b"firstsecond", "HIT", 1)

        segment = "/live/arena/v360-1/8.m4s"
        api.parts.put_nowait(b"first")
        async with client.stream("GET", segment) as cut:
            viewer = cut.aiter_raw()
            assert await anext(viewer) == b"first"
            api.parts.put_nowait(None)
            with pytest.raises(httpx.RemoteProtocolError):
                await anext(viewer)
        for part in (b"first", b"second", b""):
            api.parts.put_nowait(part)
        assert (await client.get(segment)).content == b"firstsecond"
        assert api.asked == 3
