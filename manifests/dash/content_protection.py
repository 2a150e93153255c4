"""ContentProtection (ISO/IEC 23009-1 §5.8.4.1): that a set is encrypted, and who gives keys for it.

A set that is has one for the scheme, with the default key id (ISO/IEC 23001-7 §11.2), and one for each system that
gives keys, named by that system's UUID. The one system here is ClearKey.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from uuid import UUID

from manifests.dash import xml
from manifests.errors import MpdError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CENC_NAMESPACE: Final = "urn:mpeg:cenc:2013"
DASHIF_NAMESPACE: Final = "https://dashif.org/CPS"
MP4_PROTECTION: Final = "urn:mpeg:dash:mp4protection:2011"
CLEAR_KEY: Final = "urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e"
"""W3C ClearKey, by the id that DASH-IF has given it."""
_KEY_ID_SIZE: Final = 16

CommonScheme: TypeAlias = Literal["cenc", "cbcs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentProtection:
    """A set under one key: the scheme of its samples, and where ClearKey gives the key."""

    scheme: CommonScheme
    """@value of `urn:mpeg:dash:mp4protection:2011`: the `schm` of the init sections"""
    key_id: bytes
    """@cenc:default_KID (required), 16 bytes: the `tenc` of the init sections"""
    license_url: str | None = None
    """dashif:Laurl: where a player posts what its session asks for. Absolute, for players do not resolve it; None: they
    have to be told otherwise"""

    def check(self) -> None:
        """Raises MpdError."""
        if len(self.key_id) != _KEY_ID_SIZE:
            raise MpdError(f"ContentProtection@cenc:default_KID has {_KEY_ID_SIZE} bytes")
        if self.license_url is not None and not self.license_url.startswith(("https://", "http://")):
            raise MpdError(f"dashif:Laurl must be absolute: {self.license_url!r}")

    def elements(self) -> list[Element]:
        self.check()
        key_id = str(UUID(bytes=self.key_id))
        addresses = []
        if self.license_url is not None:
            addresses.append(xml.element("dashif:Laurl", (("licenseType", "EME-1.0"),)))
            addresses[0].text = xml.text(self.license_url)
        return [
            xml.element(
                "ContentProtection",
                (("schemeIdUri", MP4_PROTECTION), ("value", self.scheme), ("cenc:default_KID", key_id)),
            ),
            xml.element("ContentProtection", (("schemeIdUri", CLEAR_KEY), ("value", "ClearKey1.0")), *addresses),
        ]
