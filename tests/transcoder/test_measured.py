from __future__ import annotations

import msgspec
import pytest

from manifests.layout import AssetId, RenditionId
from transcoder import measured
from transcoder.measured import IFrame, Measured, RenditionSizes


def test_json_round_trip() -> None:
    value = Measured(
        asset=AssetId("a"),
        version=3,
        renditions={
            RenditionId("v720-3"): RenditionSizes(
                init=800, segments=(1, 2), iframes=((IFrame(0, 0, 1), IFrame(50, 9, 1)), (IFrame(0, 0, 2),))
            ),
            RenditionId("a1-3"): RenditionSizes(init=800, segments=(1, 2)),
        },
    )
    assert measured.load(measured.dump(value)) == value


def test_refuses_other_json() -> None:
    with pytest.raises(msgspec.DecodeError):
        measured.load(b'{"asset": "a"}')
