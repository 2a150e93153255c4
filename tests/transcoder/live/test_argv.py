from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.transcoder.live import feeds
from transcoder import accepted
from transcoder.encoder_settings import EncoderSettings
from transcoder.live.argv import Origin, fitted, live_argv, origin_of

if TYPE_CHECKING:
    from transcoder.live.opening import Opening

GOLDEN = Path(__file__).parents[2] / "golden" / "live_argv.txt"
EVENT = feeds.event(rate=50)


def argv(opening: Opening) -> list[str]:
    made = live_argv(
        EVENT, opening, Origin(segment=935_070_981, phase=1234), demuxer="flv",
        fds=(5, 6, 7)[: 2 + bool(opening.channels)],
        settings=EncoderSettings(preset="superfast", threads=1),
    )  # fmt: skip
    return [word.replace(",".join(accepted.DECODERS), "DECODERS") for word in made[1:]]


def test_the_command_is_as_written_down() -> None:
    assert "\n".join(argv(feeds.opening(rate=50))) + "\n" == GOLDEN.read_text("utf-8")


def test_a_feed_without_sound_has_no_output_of_it() -> None:
    words = argv(feeds.opening(rate=50, channels=0))
    assert "pipe:6" in words
    assert not any("aresample" in word for word in words)


def test_fields_become_pictures() -> None:
    words = argv(replace(feeds.opening(rate=50), interlaced=True))
    assert words[words.index("-filter_complex") + 1].startswith("[0:0]bwdif=")


def test_the_origin_is_the_beginning_of_the_segment_in_which_the_stream_began() -> None:
    assert origin_of(EVENT, 935_070_981 * 1920 + 77) == Origin(segment=935_070_981, phase=77)


@pytest.mark.parametrize(
    ("width", "height", "sar", "fits"),
    [
        (320, 180, "1", (320, 180)),
        (1920, 1080, "1", (320, 180)),
        (1440, 1080, "4/3", (320, 180)),
        (720, 576, "16/15", (240, 180)),
        (1080, 1920, "1", (102, 180)),
        (1918, 1080, "1", (320, 180)),
    ],
)
def test_another_publishers_picture_is_fitted_into_the_event(
    width: int, height: int, sar: str, fits: tuple[int, int]
) -> None:
    publisher = replace(feeds.opening(width, height), sar=Fraction(sar))
    assert fitted(publisher, EVENT.rungs[-1]) == fits
    pads = any("pad=320" in word for word in argv(replace(publisher, rate=Fraction(50))))
    assert pads is (fits != (320, 180))
