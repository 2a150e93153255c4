"""Hostile uploads through the API and a worker, under names that are none (the corpus itself: tests/hostile)."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

import pytest

from streaming.upload.tus import dump_metadata
from tests.hostile import bombs, damage, references
from tests.hostile.case import MADE
from tests.hostile.seed import Seed, make_clips

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from tests.e2e.stack import Stack

_NAMES: Final = {
    "hls-loopback": "-i",
    "mov-dref-http": "; rm -rf ~ #.mov",
    "magicyuv-in-avi": "../../../etc/passwd",
    "cut-at-50.mp4": "goal\0.mp4",
    "1000-streams": "\u202egpj.4pm",
    "film-and-page": "x" * 300 + ".html",
    "picture-only": "<img src=x onerror=alert(1)>%03d.mp4",
}
"""Which files of the corpus are sent under which names."""
_GIB: Final = 1 << 30


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def _begin(client: httpx.Client, name: str, body: bytes, *, length: int | None = None) -> httpx.Response:
    headers = {
        "Tus-Resumable": "1.0.0", "Upload-Length": str(len(body) if length is None else length),
        "Upload-Metadata": dump_metadata({"filename": name}), "Content-Type": "application/offset+octet-stream",
    }  # fmt: skip
    return client.post("/api/uploads", content=body, headers=headers)


def test_uploads_that_mean_harm(stack: Stack, listener: socket.socket, tmp_path: Path) -> None:
    make_clips(tmp_path)
    seed = Seed(folder=tmp_path, port=listener.getsockname()[1])
    corpus = {case.name: case for case in (*references.CASES, *damage.CASES, *bombs.CASES)}
    sent = {}
    with stack.client() as client:
        for case, name in _NAMES.items():
            answer = _begin(client, name, corpus[case].make(seed))
            assert answer.status_code == 201, answer.text
            sent[case] = answer.headers["Channel-Asset-Id"]
        for case, asset in sent.items():
            found = stack.wait_for(asset, "ready", "failed")
            outcome = MADE if found["state"] == "ready" else found["failure"]["code"]
            assert outcome in corpus[case].expected, (case, found)
            assert "/" not in found["titles"]["en"].replace("</", "")
        _promised_and_not_sent(client, seed)
        asset = _begin(client, "next.mp4", seed.clip("mp4")).headers["Channel-Asset-Id"]
    assert stack.wait_for(asset, "ready", "failed")["state"] == "ready"
    with pytest.raises(BlockingIOError):
        listener.accept()


def _promised_and_not_sent(client: httpx.Client, seed: Seed) -> None:
    """A hundred gibibytes are announced, a mebibyte comes: what came is kept, nothing else is taken."""
    body = (seed.clip("ts") * 20)[: 1 << 20]
    answer = _begin(client, "endless.ts", body, length=100 * _GIB)
    assert answer.status_code in (201, 413)
    if answer.status_code == 201:
        url = answer.headers["Location"]
        head = client.head(url, headers={"Tus-Resumable": "1.0.0"})
        assert head.headers["Upload-Offset"] == str(len(body))
        assert client.delete(url, headers={"Tus-Resumable": "1.0.0"}).status_code == 204
