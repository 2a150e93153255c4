"""Several API processes, processes that are killed, and what an upload costs in memory."""

from __future__ import annotations

import hashlib
import random
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import httpx
import psutil
import pytest

from streaming.upload.tus import BODY_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MIB: Final = 1 << 20
_PART: Final = 5 * _MIB
_GROWTH: Final = 100 * _MIB


class _Sparse:
    """A long file that is never whole in memory: a MiB of noise, numbered, so that no two MiB are alike."""

    def __init__(self, size: int, noise: bytes) -> None:
        self.size = size
        self._noise = noise[16:_MIB]

    def blocks(self, start: int = 0) -> Iterator[bytes]:
        """The file from `start`, a multiple of 1 MiB or anywhere within."""
        while start < self.size:
            number, inside = divmod(start, _MIB)
            block = number.to_bytes(16, "big") + self._noise
            block = block[inside : min(_MIB, inside + self.size - start)]
            yield block
            start += len(block)

    def digest(self) -> str:
        return _digest(self.blocks())

    def hashed(self, digest: hashlib.blake2b) -> Iterator[bytes]:
        """The whole file, each block added to a digest on its way."""
        for block in self.blocks():
            digest.update(block)
            yield block


def _digest(blocks: Iterator[bytes]) -> str:
    digest = hashlib.blake2b()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()


@pytest.fixture(scope="module")
def noise() -> bytes:
    return random.Random(11).randbytes(_MIB)


def _client(stack: Any) -> httpx.Client:
    return httpx.Client(headers=stack.headers, timeout=60, trust_env=False)


def _create(client: httpx.Client, url: str, size: int) -> tuple[str, str]:
    answer = client.post(f"{url}/api/uploads", headers={"Upload-Length": str(size)})
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"], answer.headers["Channel-Asset-Id"]


def _patch(client: httpx.Client, url: str, offset: int, body: Any, length: int) -> httpx.Response:
    headers = {"Upload-Offset": str(offset), "Content-Type": BODY_TYPE, "Content-Length": str(length)}
    return client.patch(url, content=body, headers=headers)


def test_two_processes_take_turns(uploads: Any, noise: bytes) -> None:
    apis = [uploads.make_api().start(), uploads.make_api().start()]
    body = noise * 13 + b"end"
    with _client(uploads) as client:
        path, asset = _create(client, apis[0].url, len(body))
        offset, turn = 0, 0
        while offset < len(body):
            size = (700_000, 6 * _MIB, 3)[turn % 3]
            piece = body[offset : offset + size]
            answer = _patch(client, apis[turn % 2].url + path, offset, piece, len(piece))
            assert answer.status_code == 204, answer.text
            offset, turn = offset + len(piece), turn + 1
            assert answer.headers["Upload-Offset"] == str(offset)
            head = client.head(apis[turn % 2].url + path)
            assert head.headers["Upload-Offset"] == str(offset)
    assert b"".join(uploads.source(asset)) == body


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_a_process_that_is_ended_in_mid_upload_costs_one_part_at_most(
    uploads: Any,
    noise: bytes,
    number: int,
    committed: Callable[[], int],
    wait_for: Callable[[Callable[[], bool], str], None],
) -> None:
    api = uploads.make_api().start()
    file = _Sparse(40 * _MIB, noise)
    handed_over = 0
    go_on = threading.Event()

    def slowly() -> Iterator[bytes]:
        """Half of the file, and then nothing more until the process is gone."""
        nonlocal handed_over
        for block in file.blocks():
            if handed_over == 18 * _MIB:
                go_on.wait()
            yield block
            handed_over += len(block)

    def send() -> None:
        # After SIGTERM the client may still be told; after SIGKILL nobody is there to tell it.
        with _client(uploads) as client, suppress(httpx.TransportError):
            assert _patch(client, api.url + path, 0, slowly(), file.size).is_error

    with _client(uploads) as client:
        path, asset = _create(client, api.url, file.size)
        sending = threading.Thread(target=send)
        sending.start()
        wait_for(lambda: committed() >= 3 * _PART, "three parts are stored")
        api.kill(number)
        go_on.set()
        sending.join()
        successor = uploads.make_api().start()
        offset = int(client.head(successor.url + path).headers["Upload-Offset"])
        # What the client's side and the kernels held does not count as sent: the part in memory is all that is lost.
        assert offset >= (3 * _PART if number == signal.SIGKILL else 17 * _MIB)
        answer = _patch(client, successor.url + path, offset, file.blocks(offset), file.size - offset)
        assert answer.status_code == 204, answer.text
    assert _digest(uploads.source(asset)) == file.digest()


@pytest.mark.parametrize("way", ["tus", "put"])
def test_two_gibibytes_are_never_in_memory(uploads: Any, noise: bytes, way: str) -> None:
    api = uploads.make_api().start()
    file = _Sparse((2048 if way == "tus" else 256) * _MIB, noise)
    process = psutil.Process(api.process.pid)
    before = process.memory_info().rss
    highest = before
    done = threading.Event()
    sent = hashlib.blake2b()

    def watch() -> None:
        nonlocal highest
        while not done.wait(0.05):
            highest = max(highest, process.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        with _client(uploads) as client:
            if way == "tus":
                path, asset = _create(client, api.url, file.size)
                answer = _patch(client, api.url + path, 0, file.hashed(sent), file.size)
                assert answer.status_code == 204, answer.text
            else:
                asset = client.post(f"{api.url}/api/assets", json={"titles": {"en": "Long"}}).json()["id"]
                answer = client.put(f"{api.url}/api/assets/{asset}/source", content=file.hashed(sent))
                assert answer.status_code == 201, answer.text
    finally:
        done.set()
        watching.join()
    print(f"{way}: {file.size >> 20} MiB, RSS {before >> 20} MiB, at most {(highest - before) >> 20} MiB more")  # noqa: T201
    assert highest - before < _GROWTH
    assert _digest(uploads.source(asset)) == sent.hexdigest()
