"""From a publisher's bytes to what editors are told of him: over a real encoder, Redis and database."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from infra.tasks import end
from manifests.layout import ChannelId
from streaming.http.auth import Role
from streaming.live.ingest.publisher import Container, Place, Publisher, Way
from streaming.live.shows import Shows
from tests.transcoder.live import feeds
from transcoder.encoder_settings import EncoderSettings
from transcoder.live.board import health_key

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import httpx

    from streaming.services import Services

ARENA = ChannelId("arena")
HOLES = 10
HEALTH = "/api/channels/arena/health"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.db'}"


def clock() -> int:
    return time.time_ns() // 1_000_000


async def test_what_editors_are_told(
    services: Services, client: httpx.AsyncClient, ffmpeg: str, bearer: Callable[[Role], Awaitable[dict[str, str]]],
    eventually: Callable[..., Awaitable[None]],
) -> None:  # fmt: skip
    editor = await bearer(Role.EDITOR)

    async def health(is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        found: dict[str, Any] = {}

        async def holds() -> bool:
            found.update((await client.get(HEALTH, headers=editor)).json())
            return is_so(found)

        await eventually(holds, timeout=60)
        return found

    await services.channels.create(title="Arena", channel_id="arena", created_by="me")
    assert (await client.get(HEALTH)).status_code == 401
    idle = await health(lambda _: True)
    assert idle == {
        "state": "idle", "on_air": None, "viewers": 0, "uploads_waiting": None, "lost_s": None, "last_error": None,
        "publishers": [], "warnings": [],
    }  # fmt: skip
    await services.channels.start(ARENA)
    assert "live process" in (await health(lambda _: True))["warnings"][0]

    shows = Shows(
        channels=services.channels, profiles=services.profiles, cache=services.infra.cache, store=services.infra.store,
        encoder=EncoderSettings(preset="superfast", threads=1), capacity=1000, clock=clock,
    )  # fmt: skip
    running = asyncio.create_task(shows.run())
    try:
        assert (await health(lambda now: not now["warnings"]))["publishers"] == []
        # A second in, so many pictures are missing; key pictures are a second apart.
        lost = ("-vf", f"select=not(between(n\\,25\\,{24 + HOLES}))", "-fps_mode", "passthrough", "-bf", "0")
        who = Publisher(
            channel="arena", place=Place.PRIMARY, key_id="k", way=Way.RTMP, address="192.0.2.1", container=Container.FLV
        )  # fmt: skip
        async with (
            feeds.publishing(ffmpeg, clock, seconds=4, size="64x36", options=lost) as arrivals,
            shows.open(who) as sink,
        ):
            sent = 0

            async def send() -> None:
                nonlocal sent
                async for piece in arrivals.replay(last=True):
                    sent += len(piece)
                    await sink.write(piece)

            sending = asyncio.create_task(send())
            await health(lambda now: (now["state"], now["on_air"]) == ("live", "primary"))
            await sending
            whole = await health(lambda now: bool(now["publishers"]) and now["publishers"][0]["frames"] == 100 - HOLES)
            (one,) = whole["publishers"]
            assert whole["last_error"] is None
            stated = {"place": "primary", "way": "rtmp", "width": 64, "height": 36, "frame_rate": 25.0}
            coded = {"video_codec": "h264", "audio_codec": "aac", "dropped_frames": 0, "filled_frames": HOLES}
            assert one | stated | coded == one
            # Pictures were moved to the middle of their places meanwhile, by half of one's duration at the most.
            assert one["keyframe_interval_s"] == pytest.approx(1.0 + HOLES / 25, abs=0.03)
            assert 0 <= one["bitrate_bps"] <= sent * 8
            assert one["since"] < one["last_bytes_at"]
            assert isinstance(one["behind_ms"], int)
            left = await services.infra.cache.script("return redis.call('PTTL', KEYS[1])", [health_key(ARENA)], [])
            assert 0 < left <= 5000
        gone = await health(lambda now: (now["publishers"], now["on_air"]) == ([], "slate"))
        assert (gone["state"], gone["warnings"]) == ("interrupted", ["Viewers see the slate: nobody sends a picture."])
    finally:
        await end(running)
