"""Viewers of a live stack who fetch all that they are told of, by both APIs, and take nothing for granted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

import anyio
import httpx
from defusedxml import ElementTree

from manifests import hls
from manifests.hls import MediaPlaylist

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anyio.abc import TaskGroup

    from tests.e2e.soak_live.record import Record

_AGAIN_S: Final = 0.1
_TIMES: Final = 200
"""So often something may be put off."""
_PLAIN_S: Final = 0.2
_KEPT_S: Final = 6.0
"""Three target durations: for so long parts are there when they are listed no more (RFC 8216bis §6.2.2)."""
_MPD: Final = "{urn:mpeg:dash:schema:mpd:2011}"


class Poller:
    """`clients`: one for each API, in the order in which this one prefers them."""

    def __init__(self, record: Record, clients: list[httpx.AsyncClient], fetching: TaskGroup) -> None:
        self._record, self._clients, self._fetching = record, clients, fetching
        self._asked = 0
        self._fetched: set[str] = set()

    # --- ways to watch ---

    async def by_parts(self, path: str, enough: anyio.Event) -> None:
        """Low latency: the next part by a blocking request, and the hinted one beside it."""
        last: MediaPlaylist | None = None
        while not enough.is_set() and not (last is not None and last.ended):
            found = await self._playlist(path, _next(last), asks="blocking")
            last = found or last
            if found is not None:
                for hint in found.preload_hints:
                    self._begin(path, [hint.uri], hinted=True)

    async def by_segments(self, path: str, enough: anyio.Event) -> None:
        """As players of RFC 8216 do, and what the reports of other renditions point to."""
        while not enough.is_set():
            found = await self._playlist(path, {}, asks="plain")
            if found is not None:
                for report in found.rendition_reports:
                    await self._playlist(urljoin(path, report.uri), {}, asks="report")
            await anyio.sleep(_PLAIN_S)

    async def by_mpd(self, path: str, enough: anyio.Event) -> None:
        while not enough.is_set():
            answer = await self._get(path, asks="mpd")
            if answer is not None:
                self._begin(path, _named(answer.content))
            await anyio.sleep(_PLAIN_S)

    # --- requests ---

    async def _playlist(self, path: str, query: dict[str, int], *, asks: str) -> MediaPlaylist | None:
        before = self._record.before(path)
        answer = await self._get(path, query, asks=asks)
        if answer is None:
            return None
        found = hls.parse(answer.text)
        assert isinstance(found, MediaPlaylist)
        self._record.playlist(path, before, found, who=f"{answer.url.port} ({asks})")
        growing = [] if found.growing is None else [found.growing]
        uris = [] if found.map is None else [found.map.uri]
        for each in [*found.segments, *growing]:
            uris += [] if each.map is None else [each.map.uri]
            uris += [part.uri for part in each.parts if not part.gap]
        uris += [each.uri for each in found.segments if not each.gap]
        self._begin(path, uris)
        return found

    async def _get(self, path: str, query: dict[str, int] | None = None, *, asks: str) -> httpx.Response | None:
        """None: not now. Everything but 200, and 503 that says when to come again, is a fault."""
        answer = await self._ask(path, query)
        if answer is None:
            return None
        self._record.counts[asks] += answer.status_code == 200
        if answer.status_code == 200:
            return answer
        await self._refused(answer, asks)
        return None

    async def _ask(self, path: str, query: dict[str, Any] | None = None) -> httpx.Response | None:
        self._asked += 1
        try:
            return await self._clients[self._asked % len(self._clients)].get(path, params=query)
        except httpx.TransportError:  # a process that is away is no fault
            self._record.counts["unanswered"] += 1
            await anyio.sleep(_AGAIN_S)
            return None

    async def _refused(self, answer: httpx.Response, asks: str) -> None:
        if asks == "hint" and answer.status_code == 404 and answer.json().get("reason") == "unknown":
            self._record.counts["hints not kept"] += 1  # its segment has ended without it (RFC 8216bis §6.2.6)
        elif answer.status_code == 503 and "retry-after" in answer.headers:
            self._record.counts["not now"] += 1
            await anyio.sleep(_AGAIN_S)
        else:
            self._record.fault(f"{answer.status_code} {answer.url} ({asks}): {answer.text[:200]}")

    def _begin(self, path: str, uris: Iterable[str], *, hinted: bool = False) -> None:
        """Fetch what was not fetched yet, beside everything else."""
        for uri in uris:
            url = urljoin(path, uri)
            if url not in self._fetched:
                self._fetched.add(url)
                self._fetching.start_soon(self._fetch, url, hinted)

    async def _fetch(self, path: str, hinted: bool) -> None:
        began = anyio.current_time()
        for _ in range(_TIMES):
            answer = None
            while answer is None:
                answer = await self._ask(path)
            if answer.status_code == 200:
                self._record.counts["objects"] += 1
                self._record.body(path, answer.content, who=str(answer.url.port))
                return
            if answer.status_code == 404 and anyio.current_time() - began > _KEPT_S:
                self._record.counts["too late"] += 1  # a part, told "not now" or nothing until it had left
                return
            await self._refused(answer, "hint" if hinted else "object")
            if answer.status_code != 503:
                return
        self._record.fault(f"{path} was never there")


def _next(last: MediaPlaylist | None) -> dict[str, int]:
    if last is None or last.ended:
        return {}
    growing = 0 if last.growing is None else len(last.growing.parts)
    return {"_HLS_msn": last.media_sequence + len(last.segments), "_HLS_part": growing}


def _named(mpd: bytes) -> list[str]:
    """Init sections and segments of an MPD with timelines: one template a representation."""
    found = []
    for representation in ElementTree.fromstring(mpd).iter(f"{_MPD}Representation"):
        template = representation.find(f"{_MPD}SegmentTemplate")
        assert template is not None
        said = {
            name: text.replace("$RepresentationID$", representation.attrib["id"]) for name, text in template.items()
        }
        found.append(said["initialization"])
        count = sum(1 + int(each.get("r", "0")) for each in template.iter(f"{_MPD}S"))
        first = int(said["startNumber"])
        found += [said["media"].replace("$Number$", str(number)) for number in range(first, first + count)]
    return found
