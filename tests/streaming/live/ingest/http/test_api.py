"""Publishing by HTTP with clients that nobody here wrote: ffmpeg as a CMAF, HLS and DASH encoder, curl."""

from __future__ import annotations

import asyncio
import base64
import shutil
import subprocess
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from streaming.live.ingest.gate import Gate
from streaming.live.ingest.http.server import serve_http
from streaming.live.ingest.publisher import Container, Way
from streaming.live.ingest.settings import HttpIngestSettings
from streaming.live.ingest.tries import Tries
from tests.streaming.live.ingest.recorder import GOOD, Keys, Recorder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    Eventually = Callable[..., Awaitable[None]]

PICTURE = ("-f", "lavfi", "-i", "testsrc=size=160x90:rate=25")
SOUND = ("-f", "lavfi", "-i", "sine=sample_rate=48000")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "0", "-pix_fmt", "yuv420p")
CMAF = ("-movflags", "+cmaf+frag_keyframe+empty_moov+default_base_moof+separate_moof", "-f", "mp4")
BEARER = {"Authorization": f"Bearer {GOOD}"}


@pytest.fixture
def feeds() -> Recorder:
    return Recorder()


@pytest.fixture
def silence() -> timedelta:
    """Longer than any machine is busy."""
    return timedelta(seconds=60)


@pytest.fixture
async def url(feeds: Recorder, free_port: Callable[[], int], silence: timedelta) -> AsyncIterator[str]:
    """A live process's HTTP server: its address for the channel alpine."""
    settings = HttpIngestSettings(port=free_port(), silence=silence)
    async with serve_http(gate=Gate(Keys(), tries=Tries(refill_s=3600)), feeds=feeds, settings=settings):
        yield f"http://127.0.0.1:{settings.port}/ingest/alpine"


async def run(*command: object) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, said = await process.communicate()
    return process.returncode or 0, said.decode("utf-8", "replace")


async def send(ffmpeg: str, *options: str, seconds: int = 2) -> None:
    """Run ffmpeg as an encoder that pushes: inputs, "--", outputs."""
    behind = options.index("--")
    code, said = await run(
        ffmpeg, "-hide_banner", "-loglevel", "error", *options[:behind], "-t", seconds, *options[behind + 1 : -1],
        "-headers", f"Authorization: Bearer {GOOD}\r\n", options[-1],
    )  # fmt: skip
    assert code == 0, said


async def frames(ffmpeg: str, body: bytes, folder: Path) -> Counter[int]:
    """How many frames of each stream a file has, as ffmpeg decodes them."""
    file, output = folder / "read.bin", folder / "frames.txt"
    file.write_bytes(body)
    command = (ffmpeg, "-y", "-loglevel", "error", "-xerror", "-i", file, "-map", "0", "-f", "framemd5", output)
    code, said = await run(*command)
    assert code == 0, said
    return Counter(int(line.partition(",")[0]) for line in output.read_text().splitlines() if line[0] != "#")


async def test_tracks_of_requests_of_their_own_become_one_stream(
    url: str, feeds: Recorder, ffmpeg: str, eventually: Eventually, tmp_path: Path
) -> None:
    picture = send(ffmpeg, "-re", *PICTURE, "--", *H264, *CMAF, "-method", "POST", f"{url}/Streams(video.cmfv)")
    sound = send(
        ffmpeg, "-re", *SOUND, "--", "-c:a", "aac", *CMAF, "-frag_duration", "200000", "-method", "POST",
        f"{url}/Streams(audio.cmfa)",
    )  # fmt: skip
    await asyncio.gather(picture, sound)
    (recording,) = feeds.recordings
    assert (recording.publisher.way, recording.publisher.container) == (Way.CMAF, Container.MP4)
    await eventually(lambda: recording.ended)
    found = await frames(ffmpeg, bytes(recording.body), tmp_path)
    assert found[0] == 50
    assert found[1] in range(93, 97)  # 2 s of AAC, and the encoder's first frame


async def test_picture_and_sound_in_one_request_and_a_second_one_after_it(
    url: str, feeds: Recorder, ffmpeg: str, eventually: Eventually, tmp_path: Path
) -> None:
    options = ("--", *H264, "-c:a", "aac", *CMAF, "-method", "POST", f"{url}/both.mp4")
    for number in range(2):  # an encoder that is started again: its clock begins anew, under the same name
        await send(ffmpeg, *PICTURE, *SOUND, *options)
        await eventually(lambda number=number: len(feeds.recordings) > number)
        await eventually(lambda number=number: b"mdat" in feeds.recordings[number].body)
    await eventually(lambda: feeds.recordings[1].ended)
    for recording in feeds.recordings:
        assert (await frames(ffmpeg, bytes(recording.body), tmp_path))[0] == 50


@pytest.mark.parametrize("kind", ["mpegts", "fmp4"])
async def test_an_hls_encoder(
    url: str, feeds: Recorder, ffmpeg: str, eventually: Eventually, tmp_path: Path, kind: str
) -> None:
    await send(
        ffmpeg, "-re", *PICTURE, "-re", *SOUND, "--", *H264, "-c:a", "aac", "-f", "hls", "-hls_time", "1",
        "-hls_segment_type", kind, "-method", "PUT", "-http_persistent", "1", "-hls_flags", "delete_segments",
        f"{url}/hls/live.m3u8", seconds=3,
    )  # fmt: skip
    await eventually(lambda: bool(feeds.recordings))
    (recording,) = feeds.recordings
    assert recording.publisher.container is (Container.MPEG_TS if kind == "mpegts" else Container.MP4)
    await eventually(lambda: recording.ended)  # EXT-X-ENDLIST
    found = await frames(ffmpeg, bytes(recording.body), tmp_path)
    assert found[0] == 75


async def test_a_dash_encoder(
    url: str, feeds: Recorder, ffmpeg: str, eventually: Eventually, tmp_path: Path
) -> None:  # fmt: skip
    for number, picture in enumerate((PICTURE, ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25"))):
        await send(
            ffmpeg, "-re", *picture, "-re", *SOUND, "--", *H264, "-c:a", "aac", "-f", "dash", "-seg_duration", "1",
            "-method", "PUT", "-http_opts", f"headers=Authorization\\: Bearer {GOOD}", f"{url}/dash/live.mpd",
            seconds=3,
        )  # fmt: skip

        async def is_whole(number: int = number) -> bool:
            if len(feeds.recordings) <= number:
                return False
            found = await frames(ffmpeg, bytes(feeds.recordings[number].body), tmp_path)
            return (found[0], len(found)) == (75, 2)

        await eventually(is_whole)
    assert [recording.ended for recording in feeds.recordings] == [True, False]


@pytest.fixture
async def clip(ffmpeg: str, tmp_path: Path) -> bytes:
    """A second of picture, as a track that goes on."""
    path = tmp_path / "clip.mp4"
    code, said = await run(ffmpeg, "-loglevel", "error", *PICTURE, "-t", 1, *H264, *CMAF, path)
    assert code == 0, said
    body = path.read_bytes()
    return body[: body.rindex(b"mfra") - 4]


async def test_curl_with_basic_authentication(
    url: str, feeds: Recorder, ffmpeg: str, clip: bytes, tmp_path: Path
) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("no curl")
    (tmp_path / "clip.cmfv").write_bytes(clip)
    command = (curl, "-sS", "--fail-with-body", "-T", tmp_path / "clip.cmfv")
    code, said = await run(*command, "-u", f"anybody:{GOOD}", "-H", "Transfer-Encoding: chunked", f"{url}/v.cmfv")
    assert code == 0, said
    assert (await frames(ffmpeg, bytes(feeds.recordings[0].body), tmp_path))[0] == 25
    assert (await run(*command, "-u", "anybody:live_wrong", f"{url}/v.cmfv"))[0] == 22
    assert len(feeds.recordings) == 1


async def test_who_is_not_let_in(url: str, feeds: Recorder, clip: bytes) -> None:
    basic = base64.b64encode(f"{GOOD}:".encode()).decode()
    async with httpx.AsyncClient(timeout=60) as client:

        async def code(**request: Any) -> tuple[int, str]:
            answer = await client.post(**{"url": f"{url}/v.cmfv", "content": clip, **request})
            return answer.status_code, answer.json()["code"]

        assert await code() == (401, "stream_key_refused")
        assert await code(headers={"Authorization": "Basic !"}) == (401, "stream_key_refused")
        assert await code(headers={"Authorization": "Bearer live_wrong"}) == (401, "stream_key_refused")
        assert await code(headers=BEARER, url=f"{url[:-6]}nordic/v.cmfv") == (401, "stream_key_refused")
        assert feeds.recordings == []
        # An empty body asks whether one would be let in.
        assert (await client.post(f"{url}/v.cmfv", headers={"Authorization": f"Basic {basic}"})).status_code == 200
        feeds.is_full = True
        assert await code(headers=BEARER) == (409, "channel_not_taking")
        for _ in range(10):
            await code(headers={"Authorization": "Bearer live_wrong"})
        assert await code(headers=BEARER) == (429, "too_many_wrong_keys")


async def test_what_cannot_be_taken(url: str, clip: bytes) -> None:
    async with httpx.AsyncClient(headers=BEARER, timeout=60) as client:

        async def code(body: bytes, path: str = "v.cmfv") -> tuple[int, str]:
            answer = await client.post(f"{url}/{path}", content=body)
            return answer.status_code, answer.json()["code"]

        without_header = clip[clip.index(b"moof") - 4 :]
        assert await code(without_header) == (412, "track_header_missing")
        assert await code(b"<html>" * 99) == (415, "not_pushable")
        assert await code(clip[:-3]) == (415, "not_pushable")
        assert await code(b"no playlist", "x.m3u8") == (415, "not_pushable")
        assert await code(b"<!DOCTYPE x [<!ENTITY a 'b'>]><MPD/>", "x.mpd") == (415, "not_pushable")
        assert await code(bytes(2 << 20), "x.mpd") == (413, "too_large")
        assert await code(bytes(33 << 20), "x.ts") == (413, "too_large")


async def test_a_fragment_that_comes_twice_is_taken_once(
    url: str, feeds: Recorder, ffmpeg: str, clip: bytes, tmp_path: Path, eventually: Eventually
) -> None:
    halt = asyncio.Event()

    async def halting() -> AsyncIterator[bytes]:
        yield clip
        await halt.wait()

    async with httpx.AsyncClient(headers=BEARER, timeout=60) as client:
        first = asyncio.create_task(client.post(f"{url}/v.cmfv", content=halting()))
        await eventually(lambda: bool(feeds.recordings) and b"mdat" in feeds.recordings[0].body)
        assert (await client.post(f"{url}/v.cmfv", content=clip)).status_code == 200
        halt.set()
        assert (await first).status_code == 200
    (recording,) = feeds.recordings
    assert (await frames(ffmpeg, bytes(recording.body), tmp_path))[0] == 25


@pytest.mark.parametrize("silence", [timedelta(milliseconds=500)])
async def test_who_falls_silent_is_gone(url: str, feeds: Recorder, clip: bytes, eventually: Eventually) -> None:
    parts = httpx.URL(url)
    reader, writer = await asyncio.open_connection(parts.host, parts.port)
    head = ("Host: x", f"Authorization: Bearer {GOOD}", "Content-Length: 99999999", "", "")
    writer.write("\r\n".join((f"POST {parts.path}/v.cmfv HTTP/1.1", *head)).encode() + clip)
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 408 ")
    writer.close()
    await eventually(lambda: feeds.recordings[0].ended)


async def test_who_is_put_out_is_told_so(url: str, feeds: Recorder, clip: bytes, eventually: Eventually) -> None:
    halt = asyncio.Event()

    async def sent() -> AsyncIterator[bytes]:
        yield clip
        await halt.wait()
        later = bytearray(clip[clip.index(b"moof") - 4 :])
        at = later.index(b"tfdt") + 8
        later[at : at + 8] = (1 << 30).to_bytes(8, "big")
        yield bytes(later)

    async with httpx.AsyncClient(headers=BEARER, timeout=60) as client:
        posting = asyncio.create_task(client.post(f"{url}/v.cmfv", content=sent()))
        await eventually(lambda: bool(feeds.recordings) and b"mdat" in feeds.recordings[0].body)
        feeds.recordings[0].closed = True
        halt.set()
        answer = await posting
        assert (answer.status_code, answer.json()["code"]) == (410, "publication_over")
        assert feeds.recordings[0].ended
        assert (await client.delete(f"{url}/seg1.ts")).status_code == 204
