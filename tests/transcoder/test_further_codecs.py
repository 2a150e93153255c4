from __future__ import annotations

import pytest

from transcoder.further_codecs import bits, crf, work
from transcoder.profile import Codec


def test_h264_is_its_own_measure() -> None:
    assert [crf(Codec.H264, each) for each in (18, 22, 35)] == [18, 22, 35]
    assert bits(Codec.H264, 3_000_000) == 3_000_000
    assert work(Codec.H264) == 1


@pytest.mark.parametrize(("codec", "most"), [(Codec.HEVC, 51), (Codec.AV1, 63)])
def test_others_take_fewer_bits_and_more_time(codec: Codec, most: int) -> None:
    assert 0.5 < bits(codec, 1_000_000) / 1_000_000 < 0.8
    assert work(codec) > 1
    scale = [crf(codec, each) for each in range(16, 52)]
    assert scale == sorted(scale)
    assert max(scale) <= most
