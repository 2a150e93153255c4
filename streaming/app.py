"""The API process: all routes, in the order in which they are tried, and what runs beside them."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from infra.tasks import end
from streaming import operations
from streaming.captions import api as captions
from streaming.catalog import api as catalog
from streaming.catalog import ladders, posters, sounds
from streaming.clips import api as clips
from streaming.http import pages
from streaming.http.body import json_response
from streaming.http.cors import Cors
from streaming.http.errors import HANDLERS, ErrorBoundary
from streaming.http.metrics import Metrics
from streaming.http.openapi_document import document
from streaming.http.security import SecurityHeaders, page_policy
from streaming.live.channels import api as channels
from streaming.live.clips import api as live_clips
from streaming.live.health import api as health
from streaming.live.ingest import gateway
from streaming.live.keys import api as stream_keys
from streaming.live.recordings import api as recordings
from streaming.live.slates import api as slates
from streaming.live.slates.sweep import keep_sweeping
from streaming.live.timeline import api as timeline
from streaming.live.viewing import api as viewing
from streaming.live.watching import api as watching
from streaming.playback import api as playback
from streaming.playback import keys, licenses, stills
from streaming.profiles import api as profiles
from streaming.services import Services, assemble, connect
from streaming.sessions import api as sessions
from streaming.sessions.rollup import run_rollup
from streaming.studio import api as studio
from streaming.tokens import api as tokens
from streaming.upload import api as upload
from streaming.upload.sweeper import sweep_uploads
from streaming.version import VERSION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from streaming.settings import ServiceSettings

log: Final = logging.getLogger("channel.app")


def routes(services: Services) -> list[BaseRoute]:
    """The whole route table."""
    settings, infra = services.settings, services.infra
    public_url = settings.public_url
    described: list[BaseRoute] = [
        # First what viewers ask for, many times a second: each route is tried until one fits.
        *viewing.routes(services.viewing, services.doors),  # /live/{channel}/…
        *stills.routes(services.playback, infra.store),  # /v/{asset}/poster.jpg, storyboard.vtt, stills-…
        *keys.routes(services.playback),  # /v/{asset}/keys/{key}
        *licenses.routes(services.playback),  # /v/{asset}/license
        *playback.routes(services.playback, public_url=public_url),  # /v/{asset}/…
        *upload.routes(services.uploads),  # /api/uploads…, PUT /api/assets/{id}/source
        *sessions.routes(  # /api/sessions…, /api/assets/{id}/viewers, /api/channels/{id}/viewers
            services.sessions, services.catalogue, services.doors, clock=services.clock, public_url=public_url
        ),
        *catalog.routes(  # /api/assets…
            services.catalogue, services.progress, services.profiles, public_url=public_url
        ),
        *profiles.routes(services.profiles),  # /api/profiles
        *ladders.routes(services.catalogue, infra.store),  # /api/assets/{id}/ladder
        *sounds.routes(services.catalogue, infra.store),  # /api/assets/{id}/sound
        *captions.routes(  # /api/assets/{id}/captions…
            services.catalogue, services.captions, services.caption_publisher
        ),
        *clips.routes(services.clips, public_url=public_url),  # /api/assets/{id}/clips, /api/assets/{id}/trim
        *channels.routes(  # /api/channels…
            services.channels, services.profiles, infra.store, public_url=public_url
        ),
        *slates.routes(services.channels, infra.store, infra.jobs),  # /api/channels/{id}/slate
        *live_clips.routes(services.live_clips, public_url=public_url),  # /api/channels/{id}/clips
        *stream_keys.routes(services.stream_keys, services.channels, settings),  # /api/channels/{id}/keys…
        *recordings.routes(services.channels, services.live_events),  # /api/channels/{id}/recordings
        *health.routes(services.channels, services.listing, infra.cache),  # /api/channels/{id}/health
        *watching.routes(services.listing, services.doors, public_url=public_url),  # /api/live…
        *timeline.routes(  # /api/channels/{id}/timeline…, /live/{channel}/timeline.json
            services.timelines, services.channels, services.viewing, services.doors, clock=services.clock
        ),
        *tokens.routes(services.tokens),  # /api/tokens…
        *studio.routes(  # /api/studio/login, /api/studio/logout, /api/me
            services.tokens, lifetime=settings.studio_session, secure=public_url.startswith("https:")
        ),
        *gateway.routes(services.gate),  # /api/ingest/auth
        *posters.routes(services.catalogue, infra.store, infra.jobs),  # /api/assets/{id}/poster
        *operations.routes(  # /healthz, /readyz, /metrics
            store=infra.store, cache=infra.cache, jobs=infra.jobs, sql=infra.sql
        ),
    ]
    openapi = document(described, version=VERSION, public_url=public_url)

    async def openapi_json(request: Request) -> Response:
        return json_response(openapi, headers={"Cache-Control": "no-cache"})

    return [
        *described,
        Route("/openapi.json", openapi_json, include_in_schema=False),
        *pages.routes(settings.web_dist, policy=_policy(settings)),  # /, /studio, /docs, /static/…
    ]


def _policy(settings: ServiceSettings) -> str:
    s3 = settings.infra.s3
    stores = s3.public_endpoint_url or s3.endpoint_url or "https://*.amazonaws.com"
    return page_policy(media=_origins(settings.media_base_url), stores=_origins(stores))


def _origins(url: str) -> list[str]:
    parts = urlsplit(url)
    return [f"{parts.scheme}://{parts.netloc}"] if url else []


def create_app(settings: ServiceSettings) -> Starlette:
    """An API process over the servers that the settings name."""
    infra, close = connect(settings)
    return build_app(assemble(settings, infra), close=close)


def build_app(services: Services, *, close: Callable[[], Awaitable[None]] | None = None) -> Starlette:
    """An API process over services that are put together already; `close` is called when it ends."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        beside = [asyncio.create_task(_keep(name, run), name=name) for name, run in _background(services)]
        try:
            yield
        finally:
            await end(*beside)
            await services.uploads.drain()
            if close is not None:
                await close()

    app = Starlette(
        routes=routes(services),
        lifespan=lifespan,
        exception_handlers=HANDLERS,
        # From the outside in: CORS and the security headers are on errors too.
        middleware=[Middleware(Cors), Middleware(SecurityHeaders), Middleware(Metrics), Middleware(ErrorBoundary)],
    )
    app.state.authenticator = services.tokens
    # Set by the server when it begins to stop, so that streams without an end have one.
    app.state.closing = asyncio.Event()
    return app


def _background(services: Services) -> list[tuple[str, Callable[[], Awaitable[Any]]]]:
    """What every API process runs beside its requests; leases see to it that one of them does the work."""
    store, cache, sessions = services.infra.store, services.infra.cache, services.settings.sessions
    return [
        ("reconciler", services.reconciler.run),
        ("keeper of captions", services.caption_keeper.run),
        ("keeper of recordings", services.recording_keeper.run),
        ("followers of channels", services.followers.run),
        ("upload sweeper", lambda: sweep_uploads(services.uploads.sweeper, cache)),
        ("sweeper of slates", lambda: keep_sweeping(store, services.channels, cache, clock=services.clock)),
        ("session rollup", lambda: run_rollup(services.rollup, cache=cache, settings=sessions, clock=services.clock)),
    ]


async def _keep(name: str, run: Callable[[], Awaitable[Any]]) -> None:
    """Run it for ever: an error that it did not foresee is logged, and it begins again."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("the %s failed and begins again", name)
        await asyncio.sleep(1)
