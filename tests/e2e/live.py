"""What tests of live share: a publisher that comes again, and a viewer who checks all that he is told."""

from __future__ import annotations

import asyncio
import subprocess
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import httpx

from infra.tasks import end
from manifests import hls
from manifests.hls import MediaPlaylist, MultivariantPlaylist, Part, Segment
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


_AGAIN_S = 0.2


@asynccontextmanager
async def publishing(
    ffmpeg: str, address: str, *, size: str = "320x180", rate: int = 25, form: Sequence[str] = ("-f", "flv"),
    picture: str = "",
) -> AsyncIterator[None]:  # fmt: skip
    """A test picture (or `picture`, a source of lavfi) with a tone, until the body is left; an encoder that loses its
    connection begins again."""
    argv = [
        ffmpeg, "-loglevel", "error", "-re", "-f", "lavfi", "-i",
        picture or f"testsrc2=size={size}:rate={rate}", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100",
        "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", str(2 * rate), "-pix_fmt", "yuv420p",
        "-c:a", "aac", *form, address,
    ]  # fmt: skip

    async def publish() -> None:
        while True:
            publisher = await asyncio.create_subprocess_exec(*argv, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                await publisher.wait()
            finally:
                with suppress(ProcessLookupError):
                    publisher.kill()
                await publisher.wait()
            await asyncio.sleep(_AGAIN_S)

    task = asyncio.create_task(publish())
    try:
        yield
    finally:
        await end(task)


@dataclass
class Viewer:
    """Reloads a rendition by blocking requests, and fetches everything that is named, once."""

    client: httpx.AsyncClient
    url: str
    parts: list[str] = field(default_factory=list)
    segments: dict[int, Segment] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    polls: int = 0
    last: MediaPlaylist | None = None
    _fetched: set[str] = field(default_factory=set)

    async def watch(self, parts: int) -> None:
        """Until so many parts more were seen."""
        wanted = len(self.parts) + parts
        while len(self.parts) < wanted:
            await self.poll()

    async def until_return(self, *, within: float = 60) -> None:
        """Until a publisher is seen behind the slate."""
        before = max(self.segments, default=0)
        async with asyncio.timeout(within):
            while not any(each.discontinuity for number, each in self.segments.items() if number > before):
                await self.poll()

    async def poll(self) -> None:
        answer = await self._get(self.url, self._next())
        if answer is None:
            return
        found = hls.parse(answer.text)
        assert isinstance(found, MediaPlaylist)
        self.polls += 1
        self._check(found)
        self.last = found
        named = [each for each in found.segments if not each.gap]
        growing = [] if found.growing is None else found.growing.parts
        uris = [found.map.uri] if found.map is not None else []
        uris += [each.map.uri for each in named if each.map is not None]
        for part in [part for each in named for part in each.parts] + [*growing]:
            if part.uri not in self.parts:
                self.parts.append(part.uri)
            uris.append(part.uri)
        for uri in (*uris, *(each.uri for each in named)):
            if uri not in self._fetched:
                self._fetched.add(uri)
                got = await self._get(urljoin(self.url, uri))
                if got is not None:
                    assert got.content
                    self.fetched(uri, got.content)

    def fetched(self, uri: str, body: bytes) -> None:
        """What was named was there."""

    def _next(self) -> dict[str, int]:
        if self.last is None or self.last.ended:
            return {}
        growing = 0 if self.last.growing is None else len(self.last.growing.parts)
        return {"_HLS_msn": self.last.media_sequence + len(self.last.segments), "_HLS_part": growing}

    async def _get(self, url: str, params: dict[str, int] | None = None) -> httpx.Response | None:
        try:
            answer = await self.client.get(url, params=params)
        except httpx.TransportError:
            await asyncio.sleep(_AGAIN_S)
            return None
        if answer.status_code in (503, 404) and params:
            await asyncio.sleep(_AGAIN_S)
        if answer.status_code == 200:
            return answer
        self.refused.append(f"{answer.status_code} {answer.url}")
        return None

    def _check(self, now: MediaPlaylist) -> None:
        """What no player would forgive."""
        assert now.part_target is not None
        assert now.server_control is not None
        assert now.server_control.can_block_reload
        before = self.last
        if before is not None:
            assert now.media_sequence >= before.media_sequence
            assert (now.discontinuity_sequence or 0) >= (before.discontinuity_sequence or 0)
            assert (now.part_target, now.target_duration) == (before.part_target, before.target_duration)
            assert now.media_sequence + len(now.segments) >= before.media_sequence + len(before.segments)
        for place, segment in enumerate(now.segments):
            number = now.media_sequence + place
            assert segment.program_date_time is not None
            known = self.segments.setdefault(number, segment)
            kept = ("uri", "duration", "gap", "discontinuity", "program_date_time")
            assert [getattr(known, name) for name in kept] == [getattr(segment, name) for name in kept]
        self._check_durations(now)

    def _check_durations(self, now: MediaPlaylist) -> None:
        """All parts of a segment but its last one are exactly PART-TARGET long, to the microsecond of rounding."""
        target = now.part_target
        assert target is not None
        for segment, following in pairwise([*now.segments, None]):
            cut_short = following is None or following.discontinuity
            parts = [] if segment is None else segment.parts
            for place, part in enumerate(parts):
                exact = abs(part.duration - target) <= target / 100_000
                assert exact or (cut_short and place + 1 == len(parts)), (segment, part)


def listed(playlist: MediaPlaylist | None) -> list[str]:
    """What stands in a playlist, from the front: segments and parts by their URI, date ranges by their ID."""
    assert playlist is not None
    found: list[str] = []
    for each in (*playlist.segments, *([playlist.growing] if playlist.growing else [])):
        found += [tag.id for tag in each.before]
        found += [inside.uri if isinstance(inside, Part) else inside.id for inside in each.listed]
        found += [each.uri] if isinstance(each, Segment) else []
    return found


async def renditions(client: httpx.AsyncClient, url: str) -> Sequence[str]:
    """The addresses of all media playlists of a channel."""
    found = hls.parse((await client.get(url)).raise_for_status().text)
    assert isinstance(found, MultivariantPlaylist)
    named = [each.uri for each in found.variants] + [each.uri for each in found.renditions if each.uri]
    return [urljoin(url, uri) for uri in named]


async def until_live(client: httpx.AsyncClient, url: str, *, within: float = 60) -> None:
    async def is_live() -> bool:
        return (await client.get(url)).status_code == 200

    await eventually(is_live, within)


async def decoded(ffmpeg: str, url: str, *, seconds: float) -> dict[str, Any]:
    """What an ordinary player makes of a channel: pictures, and what it complains of."""
    player = await asyncio.create_subprocess_exec(
        ffmpeg, "-v", "warning", "-t", str(seconds), "-i", url, "-map", "0:v:0", "-map", "0:a:0", "-f", "framecrc", "-",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            crcs, said = await player.communicate()
    finally:
        if player.returncode is None:
            player.kill()
            await player.wait()
    stamps = [
        int(line.split(",")[2]) for line in crcs.decode().splitlines() if line.startswith("0,")
    ]  # fmt: skip
    return {"stamps": stamps, "said": said.decode(), "code": player.returncode}
