"""A plan as manifests: complete and final in shape before a frame is encoded, with measured rates at the end.

Pure functions. The same values are served by the API and written into the bucket; they differ in `uri_of` alone, which
turns an object's key into the URI that stands in the manifest.
"""

from __future__ import annotations

from transcoder.describe.captions import caption_playlist
from transcoder.describe.encryption import key_count
from transcoder.describe.iframe_playlist import iframes
from transcoder.describe.media_playlist import media
from transcoder.describe.mpd import mpd
from transcoder.describe.multivariant_playlist import FIRST_VARIANT, multivariant
from transcoder.describe.static import static_manifests
from transcoder.describe.uris import UriOf, beside, under

__all__ = [
    "FIRST_VARIANT", "UriOf", "beside", "caption_playlist", "iframes", "key_count", "media", "mpd", "multivariant",
    "static_manifests", "under",
]  # fmt: skip
