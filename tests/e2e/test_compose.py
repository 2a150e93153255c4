"""docker-compose.yml and infra/deploy/: checked against the settings, and run with Debian's servers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import typer.main
import yaml

from infra.settings import InfraSettings, fields
from streaming.cli import app
from streaming.live.ingest.settings import IngestSettings
from streaming.settings import ServiceSettings
from tests.e2e.compose import (
    ROOT,
    Places,
    edge_configuration,
    example_environment,
    interpolate,
    live_cache,
    load,
    own_services,
    varnish,
)
from tests.e2e.stack import until
from transcoder.encoder_settings import EncoderSettings
from transcoder.live.settings import LiveSettings
from transcoder.settings import TranscoderSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SETTINGS = (InfraSettings, ServiceSettings, TranscoderSettings, EncoderSettings, IngestSettings, LiveSettings)
KNOWN = {item.env for cls in SETTINGS for item in fields(cls)}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return load(example_environment())


def test_every_secret_must_be_set() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY", "CHANNEL_SESSION_SECRET"):
        with pytest.raises(KeyError, match=name):
            interpolate(text, {**example_environment(), name: ""})


def test_the_services_are_the_ones_of_the_architecture(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {
        "postgres",
        "redis",
        "s3",
        "migrate",
        "api-1",
        "api-2",
        "worker",
        "live",
        "gateway",
        "live-cache",
        "nginx",
    }
    assert compose["services"]["worker"]["deploy"]["replicas"] == 2


def test_every_command_and_variable_of_ours_exists(compose: dict[str, Any]) -> None:
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    for name, service in own_services(compose).items():
        program, command, *options = service["command"]
        assert (program, command in commands, options) == ("channel", True, []), name
        unknown = set(service["environment"]) - KNOWN
        assert not unknown, f"{name}: {unknown}"


def test_ports_agree_from_the_edge_to_the_processes(compose: dict[str, Any]) -> None:
    edge = (ROOT / "infra" / "deploy" / "nginx.conf").read_text()
    servers = set(re.findall(r"server (api-\d+:\d+) ", edge))
    apis = {name: service for name, service in own_services(compose).items() if name.startswith("api-")}
    assert servers == {f"{name}:{service['environment']['CHANNEL_PORT']}" for name, service in apis.items()}
    cached = compose["services"]["live-cache"]["command"]
    assert f"server live-cache{cached[cached.index('-a') + 1]} " in edge
    asked = re.findall(r'.host = "(api-\d+)"; .port = "(\d+)"', (ROOT / "infra" / "deploy" / "live.vcl").read_text())
    assert {f"{host}:{port}" for host, port in asked} == servers
    listened = re.search(r"listen (\d+);", edge)
    assert listened is not None
    assert compose["services"]["nginx"]["ports"] == [f"{listened[1]}:{listened[1]}"]
    for service in own_services(compose).values():
        values = " ".join(map(str, service["environment"].values()))
        for host, port in re.findall(r"[/@](postgres|redis|s3):(\d+)", values):
            assert (host, port) in {("postgres", "5432"), ("redis", "6379"), ("s3", "8333")}


def test_the_gateway_asks_our_api_and_sends_to_our_rtmp_server(compose: dict[str, Any]) -> None:
    gateway = yaml.safe_load((ROOT / "infra" / "deploy" / "mediamtx.yml").read_text())
    port = compose["services"]["api-1"]["environment"]["CHANNEL_PORT"]
    assert gateway["authMethod"] == "http"
    assert gateway["authHTTPAddress"] == f"http://api-1:{port}/api/ingest/auth"
    ((path, settings),) = gateway["paths"].items()
    assert re.fullmatch(path.removeprefix("~"), "live/live_key")
    assert " rtmp://live:1935/$MTX_PATH" in settings["runOnReady"]
    assert "1935:1935" in compose["services"]["live"]["ports"]
    published = {each.partition("/")[0].partition(":")[0] for each in compose["services"]["gateway"]["ports"]}
    listened = {"rtmpsAddress", "srtAddress", "webrtcAddress", "webrtcLocalUDPAddress"}
    assert published == {gateway[name].removeprefix(":") for name in listened}
    assert gateway["rtspAddress"].startswith("127.0.0.1:")


def test_everything_is_healthy_bounded_and_unprivileged(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if name != "migrate":
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"], name
    for name, service in own_services(compose).items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        for volume in service.get("volumes", ()):
            assert volume.split(":")[0] in compose["volumes"], name
    image = (ROOT / "infra" / "deploy" / "Dockerfile").read_text()
    assert "USER channel" in image.split("FROM")[-1]
    for source in re.findall(r"^COPY (?!--from)(\S+) ", image, re.MULTILINE):
        assert source == "." or list(ROOT.glob(source)), source


class Deployment:
    """The compose file's processes on this machine."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack, self.folder = stack, folder
        self.edge = ""
        self.apis: list[str] = []
        self.settings: dict[str, str] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, argv: list[str], **environment: Any) -> None:
        log = self._stack.enter_context((self.folder / f"{name}.log").open("wb"))
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **environment)
        self._stack.callback(_end, process)
        self.processes[name] = process

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(url: str, status: int = 200) -> bool:
    try:
        return httpx.get(url, timeout=3, trust_env=False).status_code == status
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def object_store(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int], wait_for: Callable[..., None]
) -> Iterator[str]:
    """An S3 server with the credentials of example.env."""
    environment, port = example_environment(), free_port()
    keys = {"NANIO_ACCESS_KEY": environment["S3_ACCESS_KEY"], "NANIO_SECRET_KEY": environment["S3_SECRET_KEY"]}
    folder = tmp_path_factory.mktemp("s3")
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.local.s3", "--data-dir", str(folder), "--port", str(port)],
        env={**os.environ, **keys},
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    wait_for(lambda: _answers(url, 403), "the S3 server answers")
    yield url
    _end(process)


@pytest.fixture(scope="module")
def deployment(
    tmp_path_factory: pytest.TempPathFactory, _postgres: str, object_store: str, free_port: Callable[[], int]
) -> Iterator[Deployment]:
    """Debian's PostgreSQL, Redis, nginx and Varnish, an S3 server, and every process of ours as the file says."""
    for program in ("redis-server", "nginx", "varnishd"):
        if shutil.which(program) is None and not shutil.which(program, path="/usr/sbin"):
            pytest.skip(f"no {program} on this machine (see .ci/run)")
    folder = tmp_path_factory.mktemp("deployment")
    environment = example_environment()
    compose = load(environment)
    redis_port, edge_port = free_port(), free_port()
    places = Places(
        hosts={
            "channel:" + environment["POSTGRES_PASSWORD"] + "@postgres:5432/channel": _postgres.split("//")[1],
            "redis:6379": f"127.0.0.1:{redis_port}",
            "http://s3:8333": object_store,
        },
        home=folder,
    )
    with ExitStack() as stack:
        made = Deployment(stack, folder)
        arguments = compose["services"]["redis"]["command"][1:]
        made.start("redis", ["redis-server", "--port", str(redis_port), "--dir", str(folder), *arguments])
        migrate = own_services(compose)["migrate"]
        until(
            lambda: subprocess.run(migrate["command"], env=places.environment(migrate), check=False).returncode == 0,
            "the migration went through", within=60,
        )  # fmt: skip
        upstreams = {}
        for name, service in own_services(compose).items():
            if name == "migrate":
                continue
            settings = places.environment(service)
            if name.startswith("api-"):
                port = free_port()
                upstreams[f"{name}:{settings['CHANNEL_PORT']}"] = f"127.0.0.1:{port}"
                settings |= {"CHANNEL_PORT": str(port), "CHANNEL_HOST": "127.0.0.1"}
                made.apis.append(f"http://127.0.0.1:{port}")
            if name == "live":
                settings |= {"CHANNEL_RTMP_HOST": "127.0.0.1", "CHANNEL_RTMP_PORT": str(free_port())}
                settings |= {"CHANNEL_INGEST_HOST": "127.0.0.1", "CHANNEL_INGEST_PORT": str(free_port())}
                settings |= {"CHANNEL_SRT_PORTS": "off"}
            made.start(name, service["command"], env=settings)
        cache_port, cache = free_port(), folder / "live.vcl"
        cache.write_text(live_cache(upstreams=upstreams))
        made.start("live-cache", varnish(cache, port=cache_port, folder=folder / "varnish"))
        upstreams["live-cache:6081"] = f"127.0.0.1:{cache_port}"
        (folder / "cache").mkdir()
        configuration = folder / "nginx.conf"
        configuration.write_text(edge_configuration(upstreams=upstreams, port=edge_port, folder=folder))
        for api in made.apis:
            until(lambda api=api: _answers(f"{api}/readyz"), f"{api} is ready", within=90)
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        made.start("nginx", [nginx, "-c", str(configuration), "-p", str(folder)])
        made.edge = f"http://127.0.0.1:{edge_port}"
        until(lambda: _answers(f"{made.edge}/healthz"), "the edge answers: " + made.log("nginx"), within=90)
        made.settings = places.environment(own_services(compose)["api-1"])
        yield made


def test_an_upload_through_the_edge_plays_and_is_cached(deployment: Deployment, media: Path) -> None:
    made = subprocess.run(
        ["channel", "token", "publisher", "--name", "test"],
        env=deployment.settings, capture_output=True, text=True, check=True,
    )  # fmt: skip
    token = {"Authorization": f"Bearer {made.stdout.strip()}"}
    profile = Path(deployment.settings["CHANNEL_HOME"]) / "profiles" / "encrypted.toml"
    profile.parent.mkdir(parents=True)
    profile.write_text('encryption = "aes-128"')
    source = (media / "real" / "openshot_marathon_400p30.mp4").read_bytes()
    with httpx.Client(base_url=deployment.edge, headers=token, timeout=60, trust_env=False) as editor:
        asset = (
            editor.post("/api/assets", json={"title": "Marathon", "profile": "encrypted"})
            .raise_for_status()
            .json()["id"]
        )
        editor.put(f"/api/assets/{asset}/source", content=source).raise_for_status()
        until(lambda: editor.get(f"/api/assets/{asset}").json()["state"] == "ready", "ready", within=300)
        draft = httpx.get(f"{deployment.edge}/v/{asset}/index.m3u8", trust_env=False)
        assert draft.status_code == 403
        seen = editor.get(f"/v/{asset}/index.m3u8")
        assert seen.status_code == 200
        # What the editor saw of the draft is in no cache.
        assert httpx.get(f"{deployment.edge}/v/{asset}/index.m3u8", trust_env=False).status_code == 403
        editor.post(f"/api/assets/{asset}/publish").raise_for_status()

    with httpx.Client(base_url=deployment.edge, timeout=60, trust_env=False) as viewer:
        playlist = viewer.get(f"/v/{asset}/index.m3u8").raise_for_status()
        rendition = next(line for line in playlist.text.splitlines() if line.startswith("v")).split("/")[0]
        first = viewer.get(f"/v/{asset}/{rendition}/0.m4s?CMCD=sid%3D%22a%22").raise_for_status()
        again = viewer.get(f"/v/{asset}/{rendition}/0.m4s?CMCD=sid%3D%22b%22").raise_for_status()
        assert (first.headers["X-Cache"], again.headers["X-Cache"]) == ("MISS", "HIT")
        assert first.content == again.content
        tag = re.search(r'EXT-X-SESSION-KEY:METHOD=AES-128,URI="([^"]+)"', playlist.text)
        assert tag is not None
        for _ in range(2):
            key = viewer.get(f"/v/{asset}/{tag[1]}").raise_for_status()
            assert (len(key.content), key.headers["Cache-Control"]) == (16, "private, no-store")
            assert "X-Cache" not in key.headers, "the edge's cache has nothing to do with keys"
        part = viewer.get(f"/v/{asset}/{rendition}/0.m4s", headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, first.content[10:20])
        assert part.headers["Access-Control-Allow-Origin"] == "*"
        assert viewer.get("/metrics").status_code == 404
        assert "gzip" in playlist.headers["Content-Encoding"]
        plain = viewer.get(f"/v/{asset}/index.m3u8", headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        assert plain.text == playlist.text


def test_two_api_processes_agree_on_a_session(deployment: Deployment) -> None:
    with httpx.Client(base_url=deployment.edge, timeout=60, trust_env=False) as viewer:
        asset = viewer.get("/api/assets").json()["assets"][0]["id"]
        session = viewer.post("/api/sessions", json={"asset": asset}).raise_for_status().json()["session_id"]
    first, second = deployment.apis
    for seq, api in ((1, first), (2, second), (1, second)):
        beat = {"events": [{"type": "heartbeat", "seq": seq, "played_s": 0.5 * seq}]}
        told = httpx.post(f"{api}/api/sessions/{session}/events", json=beat, trust_env=False).raise_for_status().json()
        assert told["played_s"] == (0.5 if (seq, api) == (1, first) else 1.0)
    now = {httpx.get(f"{api}/api/assets/{asset}/viewers", trust_env=False).json()["now"] for api in (first, second)}
    assert now == {1}


def test_what_is_live_is_asked_for_once_for_all(deployment: Deployment) -> None:
    with httpx.Client(base_url=deployment.edge, timeout=60, trust_env=False) as viewer:
        until(lambda: viewer.get("/api/live").headers["X-Cache"] == "HIT", "the edge has it")
        listed = viewer.get("/api/live")
    assert (listed.json(), listed.headers["Cache-Control"]) == ({"channels": []}, "public, max-age=1")


def test_one_address_cannot_begin_sessions_without_end(deployment: Deployment) -> None:
    """What is sent are no sessions: the edge counts them all the same."""
    address = f"{deployment.edge}/api/sessions"

    def refused() -> httpx.Response | None:
        with httpx.Client(timeout=60, trust_env=False) as viewer:
            answers = (viewer.post(address, headers={"Origin": "https://player.test"}) for _ in range(100))
            return next((answer for answer in answers if answer.status_code == 429), None)

    with ThreadPoolExecutor(4) as viewers:
        found: list[httpx.Response] = []
        while not found:
            found = [answer for answer in viewers.map(lambda _: refused(), range(4)) if answer is not None]
    assert found[0].headers["Content-Type"] == "application/problem+json"
    assert found[0].headers["Access-Control-Allow-Origin"] == "*"
    assert int(found[0].headers["Retry-After"]) > 0
    assert (found[0].json()["status"], found[0].json()["code"]) == (429, "too_many_requests")
    # Only beginnings count.
    told = [httpx.options(address, trust_env=False).status_code for _ in range(3)]
    assert 429 not in told


def test_the_edge_survives_the_death_of_one_api(deployment: Deployment) -> None:
    deployment.processes["api-2"].kill()
    deployment.processes["api-2"].wait()
    with httpx.Client(base_url=deployment.edge, timeout=60, trust_env=False) as viewer:
        assert [viewer.get("/api/assets").status_code for _ in range(20)] == [200] * 20
