"""The gateway itself, as it is deployed: what it takes is on air, and a wrong key is not taken.

`make gateway` builds it and runs this; `CHANNEL_TEST_MEDIAMTX` names a binary.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.e2e.stack import Stack, running, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx

WAYS: Final = {
    "rtmps": ("rtmps://127.0.0.1:{rtmps}/live/{key}", ("-c:a", "aac", "-tls_verify", "0", "-f", "flv")),
    "srt": ("srt://127.0.0.1:{srt}?streamid=publish:live/{key}", ("-c:a", "aac", "-f", "mpegts")),
    "whip": (
        "http://127.0.0.1:{webrtc}/live/{key}/whip",
        ("-c:a", "libopus", "-ac", "2", "-f", "whip"),
    ),
}


@pytest.fixture(scope="module")
def ports(free_port: Callable[[], int]) -> dict[str, int]:
    return {name: free_port() for name in ("api", "rtmp", "rtsp", "rtmps", "srt", "webrtc", "udp", "metrics")}


@pytest.fixture(scope="module")
def venue(
    tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int], free_port: Callable[[], int]
) -> Iterator[Stack]:
    environment = {"CHANNEL_RTMP_PORT": str(ports["rtmp"])}
    with running(Stack(home=tmp_path_factory.mktemp("home"), port=free_port(), environment=environment)) as started:
        yield started


@pytest.fixture(scope="module")
def gateway(
    venue: Stack, ports: dict[str, int], tmp_path_factory: pytest.TempPathFactory, ffmpeg: str
) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("gateway")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-keyout", folder / "server.key", "-out", folder / "server.crt",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    settings = folder / "mediamtx.yml"
    settings.write_text(yaml.safe_dump(deployed(ports, venue, folder, ffmpeg)))
    program = subprocess.Popen(
        [os.environ["CHANNEL_TEST_MEDIAMTX"], settings], stdin=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "MTX_RTMP": "yes"},
    )  # fmt: skip
    try:
        yield
    finally:
        program.send_signal(signal.SIGINT)
        program.wait(timeout=30)


def deployed(ports: dict[str, int], venue: Stack, folder: Path, ffmpeg: str) -> dict[str, Any]:
    """The settings as they are deployed, with the addresses of this machine."""
    said: dict[str, Any] = yaml.safe_load((REPOSITORY / "infra" / "deploy" / "mediamtx.yml").read_text())
    said |= {
        "authHTTPAddress": f"{venue.url}/api/ingest/auth",
        "metricsAddress": f"127.0.0.1:{ports['metrics']}",
        "rtspAddress": f"127.0.0.1:{ports['rtsp']}",
        "rtmpsAddress": f"127.0.0.1:{ports['rtmps']}",
        "srtAddress": f"127.0.0.1:{ports['srt']}",
        "webrtcAddress": f"127.0.0.1:{ports['webrtc']}",
        "webrtcLocalUDPAddress": f"127.0.0.1:{ports['udp']}",
        "rtmpServerKey": str(folder / "server.key"),
        "rtmpServerCert": str(folder / "server.crt"),
    }
    (path,) = said["paths"].values()
    path["runOnReady"] = (
        path["runOnReady"]
        .replace("ffmpeg ", f"{ffmpeg} ", 1)
        .replace("127.0.0.1:8554", f"127.0.0.1:{ports['rtsp']}")
        .replace("live:1935", f"127.0.0.1:{ports['rtmp']}")
    )
    return said


@contextmanager
def sent(ffmpeg: str, way: str, ports: dict[str, int], key: str) -> Iterator[subprocess.Popen[bytes]]:
    address, form = WAYS[way]
    publisher = subprocess.Popen(
        [
            ffmpeg, "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi",
            "-i", "sine=frequency=440:sample_rate=48000", "-c:v", "libx264", "-preset", "ultrafast", "-profile:v",
            "baseline", "-tune", "zerolatency", "-g", "25", "-pix_fmt", "yuv420p", *form,
            address.format(key=key, **ports),
        ],
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield publisher
    finally:
        publisher.kill()
        publisher.wait()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.usefixtures("gateway")
def test_what_it_takes_is_on_air_and_a_wrong_key_is_not_taken(
    venue: Stack, ports: dict[str, int], ffmpeg: str, way: str
) -> None:
    with venue.client() as client:
        client.post("/api/channels", json={"title": way, "id": way}).raise_for_status()
        client.post(f"/api/channels/{way}/start").raise_for_status()
        key = client.post(f"/api/channels/{way}/keys", json={}).raise_for_status().json()["secret"]
        until(lambda: listens(ports["webrtc"]), "the gateway listens")
        with sent(ffmpeg, way, ports, "live_wrong") as publisher:
            assert publisher.wait(timeout=60) != 0
        assert client.get(f"/live/{way}/index.m3u8").status_code == 404
        with sent(ffmpeg, way, ports, key):
            until(lambda: client.get(f"/live/{way}/index.m3u8").status_code == 200, "it is on air")
            until(lambda: codecs(client, way) == [("h264", "aac")], "sound and picture are known")
        client.post(f"/api/channels/{way}/stop").raise_for_status()


def codecs(client: httpx.Client, channel: str) -> list[tuple[str | None, str | None]]:
    publishers = client.get(f"/api/channels/{channel}/health").json()["publishers"]
    return [(each["video_codec"], each["audio_codec"]) for each in publishers]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
