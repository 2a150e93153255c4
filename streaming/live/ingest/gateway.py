"""`POST /api/ingest/auth`: whether the gateway (MediaMTX) may let somebody in, by its external HTTP authentication.

The gateway speaks what we do not (RTMPS, WHIP, SRT with a stream id) and sends what it takes to our RTMP server, under
the path that it came by: `live/KEY` or `live/CHANNEL/KEY`. So the key has to stand in the path.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from streaming.http.body import MalformedJson, read_json
from streaming.http.openapi import Content, Reply, operation
from streaming.http.problem import Unauthorized
from streaming.live.ingest.errors import Refused
from streaming.live.ingest.path import KeyPath
from streaming.live.ingest.publisher import Container, Way

if TYPE_CHECKING:
    from starlette.requests import Request

    from streaming.live.ingest.gate import Gate

_PUBLISH: Final = "publish"
_READ: Final = "read"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayAsks:
    """What MediaMTX says of somebody. `action`: publish, read, playback, api, metrics or pprof."""

    action: str
    path: str = ""
    ip: str = ""
    user: str = ""
    password: str = ""
    token: str = ""
    protocol: str = ""
    query: str = ""
    id: str | None = None


class NotLetIn(Unauthorized):
    """The gateway is not to let this client in."""

    code, title = "ingest_refused", "Not let in"


class GatewayApi:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    @operation(
        summary="May the gateway let somebody in?",
        tag="live",
        description="Asked by MediaMTX (`authMethod: http`). Publishing needs a stream key in the path, live/KEY; "
        "reading is for the gateway's own machine, which sends on what it takes. Everything else is refused.",
        request=Content(kind=GatewayAsks),
        replies={204: Reply(description="Yes")},
        errors=(NotLetIn, MalformedJson),
    )
    async def ask(self, request: Request) -> Response:
        asked = await read_json(request, GatewayAsks, ignore_unknown=True)
        if asked.action == _READ and _is_loopback(asked.ip):
            return Response(status_code=204)
        found = KeyPath.parse(asked.path)
        if asked.action != _PUBLISH or found is None:
            raise NotLetIn
        try:
            await self._gate.admit(
                found.key, channel=found.channel, address=asked.ip, way=Way.GATEWAY, container=Container.FLV
            )
        except Refused as exc:
            raise NotLetIn(exc.detail) from exc
        return Response(status_code=204)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def routes(gate: Gate) -> list[BaseRoute]:
    return [Route("/api/ingest/auth", GatewayApi(gate).ask, methods=["POST"])]
