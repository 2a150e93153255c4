"""Settings of the service (API processes). The infrastructure's are in `infra/settings.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from infra.errors import SettingsError
from infra.settings import InfraSettings, read, setting
from streaming.live.ingest.settings import IngestSettings
from streaming.live.timeline.model import is_classes
from streaming.sessions.settings import SessionSettings
from streaming.upload.settings import UploadSettings
from transcoder.encryption.settings import EncryptionSettings

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """What an API process needs to know."""

    infra: InfraSettings = field(default_factory=InfraSettings)
    host: str = setting("127.0.0.1", env="CHANNEL_HOST", help="address that the API listens on")
    port: int = setting(8080, env="CHANNEL_PORT", help="port that the API listens on")
    public_url: str = setting(
        "",
        env="CHANNEL_PUBLIC_URL",
        shown="whatever address the request came to",
        help="how the world reaches the API, e.g. https://video.example.org",
    )
    trusted_proxies: str = setting(
        "127.0.0.1",
        env="CHANNEL_TRUSTED_PROXIES",
        help="addresses or networks, with commas, whose X-Forwarded-For and -Proto are believed: the edge's; * where "
        "nothing but the edge can reach the API",
    )
    media_base_url: str = setting(
        "",
        env="CHANNEL_MEDIA_BASE_URL",
        shown="media is served by the API",
        help="CDN or bucket in front of media/: playlists of finished assets point there, e.g. https://cdn.example.org",
    )
    segment_wait: timedelta = setting(
        timedelta(seconds=10),
        env="CHANNEL_SEGMENT_WAIT_S",
        unit="s",
        help="how long a request waits for a segment that is being encoded, before 503 with Retry-After",
    )
    former_kept: timedelta = setting(
        timedelta(days=1),
        env="CHANNEL_FORMER_KEPT_S",
        unit="s",
        help="how long the media of a version that was replaced stay, for those who are still playing it",
    )
    studio_session: timedelta = setting(
        timedelta(hours=12), env="CHANNEL_STUDIO_SESSION_S", unit="s", help="how long a login to the studio lasts"
    )
    web_dist: Path = setting(
        Path(__file__).parents[1] / "web" / "dist",
        env="CHANNEL_WEB_DIST",
        shown="web/dist beside the code",
        help="folder of the built pages: site, studio, API documentation",
    )
    profiles: Path | None = setting(
        None,
        env="CHANNEL_PROFILES",
        shown="$CHANNEL_HOME/profiles",
        help="folder of profiles, what packages are made of: [profiles.md](profiles.md)",
    )
    timeline_class: str = setting(
        "internal.channel",
        env="CHANNEL_TIMELINE_CLASS",
        help="what the CLASS of live marks begins with: a domain of yours, backwards, e.g. org.example "
        "([live.md](live.md#timeline))",
    )
    upload: UploadSettings = field(default_factory=UploadSettings)
    sessions: SessionSettings = field(default_factory=SessionSettings)
    ingest: IngestSettings = field(default_factory=IngestSettings)
    encryption: EncryptionSettings = field(default_factory=EncryptionSettings)

    def __post_init__(self) -> None:
        if not 0 < self.port < 65536:
            raise SettingsError(f"CHANNEL_PORT: {self.port} is not a port (1 to 65535)")
        if not is_classes(self.timeline_class):
            raise SettingsError(f"CHANNEL_TIMELINE_CLASS: {self.timeline_class!r} is no name like org.example")
        for name, env in (("public_url", "CHANNEL_PUBLIC_URL"), ("media_base_url", "CHANNEL_MEDIA_BASE_URL")):
            url = getattr(self, name)
            parts = urlsplit(url)
            if url and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment):
                raise SettingsError(f"{env}: {url!r} is not an address like https://video.example.org")
            object.__setattr__(self, name, url.rstrip("/"))

    @property
    def profiles_folder(self) -> Path:
        return self.profiles or self.infra.home / "profiles"

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        return read(cls, env)
