"""MPEG-DASH manifests as typed values (ISO/IEC 23009-1): what an element may hold is a field.

`Mpd.render()` refuses what breaks a rule of the standard; nothing from outside can break out of an attribute.
"""

from __future__ import annotations

from manifests.dash.adaptation_set import AdaptationSet, ContentType
from manifests.dash.content_protection import ContentProtection
from manifests.dash.descriptor import Descriptor
from manifests.dash.mpd import Mpd
from manifests.dash.representation import Representation
from manifests.dash.segment_template import SegmentTemplate
from manifests.errors import MpdError

__all__ = [
    "AdaptationSet", "ContentProtection", "ContentType", "Descriptor", "Mpd", "MpdError", "Representation",
    "SegmentTemplate",
]  # fmt: skip
