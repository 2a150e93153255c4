"""gzip for text that compresses (playlists, JSON), chosen by the q-values of Accept-Encoding (RFC 9110 §12.5.3).

Never for media or for a partial response: a range counts bytes of the stored form.
"""

from __future__ import annotations

import gzip
import math
from functools import lru_cache


def qvalues(header: str) -> dict[str, float]:
    """Each name of an Accept-… list (lower case) with its weight; a weight that is no number counts as 0."""
    weights: dict[str, float] = {}
    for item in header.split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        if not name:
            continue
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "q":
                weight = _weight(value)
        weights[name.lower()] = weight
    return weights


def _weight(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return min(max(value, 0.0), 1.0) if math.isfinite(value) else 0.0


@lru_cache(maxsize=256)
def accepts_gzip(header: str | None) -> bool:
    """Whether gzip may be sent and is liked at least as much as the plain form.

    No header means that anything goes, but plain is what a client that does not ask can surely read.
    """
    if header is None:
        return False
    weights = qvalues(header)
    wildcard = weights.get("*")
    zipped = max(weights.get("gzip", wildcard or 0.0), weights.get("x-gzip", 0.0))
    plain = weights.get("identity", 0.0)
    return zipped > 0 and zipped >= plain


def gzipped(body: bytes, *, level: int = 6) -> bytes:
    """The gzip form: the same bytes for the same body, since no time stamp is written."""
    return gzip.compress(body, compresslevel=level, mtime=0)
