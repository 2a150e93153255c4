from __future__ import annotations

from transcoder.encoders import encoders
from transcoder.profile_file import ENCODERS


async def test_the_ffmpeg_of_the_wheel_has_all_codecs() -> None:
    found = await encoders()
    assert {*ENCODERS.values(), "aac"} <= found
    assert not any("=" in name or "-" * 3 in name for name in found), "the legend is not among them"
