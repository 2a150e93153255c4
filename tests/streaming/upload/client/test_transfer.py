from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from anyio import to_thread

from streaming.http.auth import Role
from streaming.upload.client.errors import Unreachable, UploadFailed
from streaming.upload.client.memory import Memory
from streaming.upload.client.transfer import Sent, Transfer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from streaming.services import Services

_MIB = 1 << 20


@pytest.fixture
async def http(server: str, bearer: Callable[[Role], Awaitable[dict[str, str]]]) -> Iterator[httpx.Client]:
    headers = {"Tus-Resumable": "1.0.0", **await bearer(Role.EDITOR)}
    with httpx.Client(base_url=server, headers=headers, trust_env=False, timeout=60) as client:
        yield client


async def _send(transfer: Transfer, file: Path, offsets: list[int] | None = None) -> Sent:
    heard = [] if offsets is None else offsets
    return await to_thread.run_sync(transfer.send, file, {"filename": file.name}, heard.append)


async def test_a_file_arrives(
    http: httpx.Client, tmp_path: Path, noise: bytes, bucket: Callable[[str], Awaitable[bytes]]
) -> None:
    file = tmp_path / "goal.mp4"
    file.write_bytes(noise[: 7 * _MIB])
    offsets: list[int] = []
    sent = await _send(Transfer(http, Memory(tmp_path / "memory")), file, offsets)
    assert await bucket(sent.asset) == noise[: 7 * _MIB]
    assert offsets == sorted(offsets)
    assert (offsets[-1], sent.resumed_at) == (7 * _MIB, 0)
    assert list((tmp_path / "memory").iterdir()) == []


class _Stopped(Exception):
    pass


async def test_an_interrupted_command_goes_on_where_it_was(
    http: httpx.Client, tmp_path: Path, noise: bytes, bucket: Callable[[str], Awaitable[bytes]]
) -> None:
    file = tmp_path / "goal.mp4"
    file.write_bytes(noise[: 12 * _MIB])
    transfer = Transfer(http, Memory(tmp_path / "memory"))

    def stop(offset: int) -> None:
        if offset >= 9 * _MIB:
            raise _Stopped

    with pytest.raises(_Stopped):
        await to_thread.run_sync(transfer.send, file, {"filename": file.name}, stop)
    sent = await _send(Transfer(http, Memory(tmp_path / "memory")), file)
    assert 5 * _MIB <= sent.resumed_at <= 9 * _MIB
    assert await bucket(sent.asset) == noise[: 12 * _MIB]


async def test_a_file_that_vanishes_fails_alone(http: httpx.Client, tmp_path: Path) -> None:
    file = tmp_path / "goal.mp4"
    file.write_bytes(b"hello")

    def vanish(_offset: int) -> None:
        file.unlink(missing_ok=True)

    with pytest.raises(UploadFailed, match="No such file"):
        await to_thread.run_sync(Transfer(http, Memory(tmp_path / "memory")).send, file, {}, vanish)


async def test_an_upload_that_is_gone_is_begun_again(
    http: httpx.Client, services: Services, tmp_path: Path, bucket: Callable[[str], Awaitable[bytes]]
) -> None:
    file = tmp_path / "goal.mp4"
    file.write_bytes(b"hello")
    memory = Memory(tmp_path / "memory")

    def stop(offset: int) -> None:
        raise _Stopped

    with pytest.raises(_Stopped):
        await to_thread.run_sync(Transfer(http, memory).send, file, {}, stop)
    for upload in await services.uploads.records.open_ones("", 10):
        await services.uploads.terminate(upload.id, upload.kind)
    assert await bucket((await _send(Transfer(http, memory), file)).asset) == b"hello"


async def test_failures_are_one_line(http: httpx.Client, tmp_path: Path, free_port: Callable[[], int]) -> None:
    file = tmp_path / "goal.mp4"
    file.write_bytes(b"")
    memory = Memory(tmp_path / "memory")
    with pytest.raises(UploadFailed, match=r"no bytes.*\(422\)$"):
        await _send(Transfer(http, memory), file)
    with pytest.raises(UploadFailed, match="No such file"):
        await _send(Transfer(http, memory), tmp_path / "none.mp4")
    file.write_bytes(b"hello")
    waits: list[float] = []
    nobody = f"http://127.0.0.1:{free_port()}"
    with httpx.Client(base_url=nobody, trust_env=False) as http_to_nobody, pytest.raises(Unreachable, match="running"):
        await _send(Transfer(http_to_nobody, memory, sleep=waits.append), file)
    assert waits == [0.25, 0.5, 1.0]
    http.headers["Authorization"] = "Bearer wrong"
    with pytest.raises(UploadFailed, match=r"\(401\)$"):
        await _send(Transfer(http, memory), file)


def test_a_full_store_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "goal.mp4"
    file.write_bytes(b"hello")

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(507, json={"detail": "There is no room."})

    with (
        httpx.Client(base_url="http://channel.test", transport=httpx.MockTransport(answer)) as client,
        pytest.raises(UploadFailed, match=r"^There is no room\. \(507\)$"),
    ):
        Transfer(client, Memory(tmp_path / "memory")).send(file, {}, lambda _: None)
