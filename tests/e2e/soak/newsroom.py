"""Editors and viewers at work while everything around them breaks: they try again, and remember what they were told."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

import anyio
import httpx

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from tests.e2e.soak.stage import Stage

_BETWEEN_TRIES_S: Final = 0.25
"""So long clients wait before they ask again."""
_LATEST_S: Final = 4.0
"""After its upload an editor has had enough of a title within this time."""
_TUS: Final = {"Tus-Resumable": "1.0.0"}
_BYTES: Final = {"Content-Type": "application/offset+octet-stream"}


class Fate(Enum):
    """What is done with a title once it is uploaded."""

    LEFT_ALONE = auto()
    WATCHED = auto()
    """Published, and segments are asked for before they exist."""
    CANCELLED = auto()
    DELETED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A file to upload, and how many pictures it has."""

    body: bytes = field(repr=False)
    frames: int


@dataclass(slots=True, kw_only=True)
class Title:
    """An asset, as its editor knows it."""

    asset: str
    clip: Clip
    fate: Fate
    state: str = ""
    failure: Any = None
    bodies: dict[str, set[str]] = field(default_factory=dict)
    """Digests of what was served under each path: never more than one."""


class Newsroom:
    """Several editors; each uploads one title after the other and follows it to its end."""

    def __init__(self, stage: Stage, clips: Sequence[Clip], *, chance: random.Random) -> None:
        self.titles: list[Title] = []
        self.at_work = 0
        """Editors whose title in hand is not at its end."""
        self._stage, self._clips, self._chance = stage, clips, chance
        self._turn = 0

    async def work(self, closing: anyio.Event) -> None:
        """One editor, until closing time; the title in hand is still followed to its end."""
        self.at_work += 1
        async with self._client() as client:
            while not closing.is_set():
                title = await self._create(client)
                await self._upload(client, title)
                await self._follow(client, title)
        self.at_work -= 1

    async def delete_all(self) -> None:
        """Delete every title that there is."""
        async with self._client() as client:
            for title in self.titles:
                await self.ask(client, "DELETE", f"/api/assets/{title.asset}")

    def _client(self) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self._stage.token}"}
        return httpx.AsyncClient(headers=headers, trust_env=False, timeout=15)

    async def ask(self, client: httpx.AsyncClient, method: str, path: str, **more: Any) -> httpx.Response:
        """An answer of one API process or the other that is not "try again"."""
        while True:
            answer = await self._try(client, method, path, **more)
            if answer is not None and answer.status_code < 500 and answer.status_code not in (423, 429):
                return answer
            await anyio.sleep(_BETWEEN_TRIES_S)

    async def _try(self, client: httpx.AsyncClient, method: str, path: str, **more: Any) -> httpx.Response | None:
        self._turn += 1
        apis = self._stage.parts["api"]
        try:
            return await client.request(method, apis[self._turn % len(apis)].url + path, **more)
        except httpx.HTTPError:
            return None

    async def _create(self, client: httpx.AsyncClient) -> Title:
        clip = self._chance.choice(self._clips)
        (fate,) = self._chance.choices(list(Fate), (3, 3, 1, 2))
        made = await self.ask(client, "POST", "/api/assets", json={"titles": {"en": f"Soak, {fate.name.lower()}"}})
        title = Title(asset=made.json()["id"], clip=clip, fate=fate)
        self.titles.append(title)
        return title

    async def _upload(self, client: httpx.AsyncClient, title: Title) -> None:
        clip = title.clip
        words = {"asset": title.asset, "filename": "soak.mp4"}
        metadata = ",".join(f"{word} {b64encode(text.encode()).decode()}" for word, text in words.items())
        begin = {"Upload-Length": str(len(clip.body)), "Upload-Metadata": metadata}
        location = (await self.ask(client, "POST", "/api/uploads", headers=_TUS | begin)).headers["Location"]
        piece = len(clip.body) // 3 + 1
        while True:
            known = await self.ask(client, "HEAD", location, headers=_TUS)
            assert known.status_code == 200, f"the upload of {title.asset} is lost: {known.status_code}"
            offset = int(known.headers["Upload-Offset"])
            if offset == len(clip.body):
                return
            send = _TUS | _BYTES | {"Upload-Offset": str(offset)}
            await self._try(client, "PATCH", location, headers=send, content=clip.body[offset : offset + piece])

    async def _follow(self, client: httpx.AsyncClient, title: Title) -> None:
        path = f"/api/assets/{title.asset}"
        if title.fate is Fate.WATCHED:
            await self.ask(client, "POST", f"{path}/publish")
            await self._watch(client, title)
        elif title.fate in (Fate.CANCELLED, Fate.DELETED):
            await anyio.sleep(self._chance.uniform(0, _LATEST_S))
            if title.fate is Fate.DELETED:
                assert (await self.ask(client, "DELETE", path)).status_code in (204, 404)
                title.state = "deleted"
                return
            await self.ask(client, "POST", f"{path}/cancel")
        while title.state not in ("ready", "failed"):
            await anyio.sleep(_BETWEEN_TRIES_S)
            answer = await self.ask(client, "GET", path)
            assert answer.status_code == 200, f"{title.asset} is lost: {answer.text}"
            found = answer.json()
            title.state, title.failure = found["state"], found["failure"]

    async def _watch(self, client: httpx.AsyncClient, title: Title) -> None:
        """Play three random segments as soon as there are playlists; a player tries again what is not there yet."""
        listed = await self._play(client, f"/v/{title.asset}/index.m3u8")
        playlists = [line for line in listed.text.splitlines() if line.endswith(".m3u8")]
        for _ in range(3):
            playlist = self._chance.choice(playlists)
            base = f"/v/{title.asset}/" if not playlist.startswith("/") else ""
            segments = (await self._play(client, base + playlist)).text.splitlines()
            uri = self._chance.choice([line for line in segments if line.split("?")[0].endswith(".m4s")])
            folder = (base + playlist).rpartition("/")[0]
            url = uri if uri.startswith("/") else f"{folder}/{uri}"
            await self.fetch(client, title, url)

    async def fetch(self, client: httpx.AsyncClient, title: Title, path: str) -> bytes:
        body = (await self._play(client, path)).content
        title.bodies.setdefault(path, set()).add(hashlib.sha256(body).hexdigest())
        return body

    async def _play(self, client: httpx.AsyncClient, path: str) -> httpx.Response:
        while True:
            answer = await self.ask(client, "GET", path)
            if answer.status_code == 200:
                return answer
            await anyio.sleep(_BETWEEN_TRIES_S)
