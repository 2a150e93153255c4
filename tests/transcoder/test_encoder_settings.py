from __future__ import annotations

import pytest

from infra.errors import SettingsError
from transcoder.encoder_settings import EncoderSettings


def test_settings_come_from_the_environment() -> None:
    settings = EncoderSettings.from_env({"CHANNEL_X264_PRESET": "fast", "CHANNEL_FFMPEG_THREADS": "2"})
    assert (settings.preset, settings.threads, settings.limits.wall_s) == ("fast", 2, 300)
    assert settings.limits.cpu_s >= settings.limits.wall_s


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHANNEL_X264_PRESET", "quick"), ("CHANNEL_FFMPEG_THREADS", "-1"), ("CHANNEL_ENCODE_WALL_S", "0"),
        ("CHANNEL_ENCODE_MEMORY_BYTES", "1"), ("CHANNEL_MAX_PIXELS", "0"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        EncoderSettings.from_env({name: value})


def test_effort_adds_to_the_preset_that_it_was_measured_with() -> None:
    assert EncoderSettings().has_effort
    assert not EncoderSettings(preset="faster").has_effort, "it has that already"
