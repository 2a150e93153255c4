"""What a publisher types into an encoder, for a key just made. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from streaming.live.ingest.path import APP
from streaming.live.keys.model import srt_passphrase

if TYPE_CHECKING:
    from streaming.live.ingest.settings import IngestSettings
    from streaming.live.keys.model import NewStreamKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Null for a way that is off. `rtmp` goes into an encoder's field "server", the key into "stream key"; `srt` is all
    of it, with a passphrase in it that is shown this once; below `http` tracks and objects are pushed."""

    rtmp: str | None
    srt: str | None
    http: str | None


def addresses(made: NewStreamKey, *, host: str, settings: IngestSettings, pepper: bytes) -> Addresses:
    """`host`: how the world reaches the machine of the live process."""
    name = f"[{host}]" if ":" in host else host
    key, srt = made.key, None
    if key.srt_port is not None:
        query = urlencode({"passphrase": srt_passphrase(key.id, pepper=pepper)})
        srt = f"srt://{name}:{key.srt_port}?{query}"
    return Addresses(
        rtmp=f"rtmp://{name}:{settings.rtmp.port}/{APP}" if settings.rtmp.port else None,
        srt=srt,
        http=f"http://{name}:{settings.http.port}/ingest/{key.channel}/" if settings.http.port else None,
    )
