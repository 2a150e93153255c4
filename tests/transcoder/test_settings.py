from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from infra.errors import SettingsError
from infra.local.preflight import MINIMUM_FREE
from transcoder.settings import TranscoderSettings


def test_defaults_fit_the_machine() -> None:
    settings = TranscoderSettings.from_env({})
    assert settings.bulk_slots >= 1
    assert settings.urgent_slots == 4
    assert settings.source_folder is None


def test_a_disk_that_the_stack_starts_on_has_room_for_sources() -> None:
    assert MINIMUM_FREE - TranscoderSettings.from_env({}).source_reserve_bytes >= 256 * 1024**2


def test_the_environment_decides() -> None:
    settings = TranscoderSettings.from_env(
        {
            "CHANNEL_WORKER_SLOTS": "6",
            "CHANNEL_WORKER_LEASE_S": "2.5",
            "CHANNEL_WORKER_NICE": "0",
            "CHANNEL_SOURCE_CACHE": "/srv/sources",
        }
    )
    assert settings.bulk_slots == 6
    assert settings.lease == timedelta(seconds=2.5)
    assert settings.bulk_nice == 0
    assert settings.source_folder == Path("/srv/sources")


@pytest.mark.parametrize(
    ("env", "value"),
    [
        ("CHANNEL_WORKER_SLOTS", "-1"),
        ("CHANNEL_WORKER_URGENT_SLOTS", "0"),
        ("CHANNEL_WORKER_ARRIVING_SLOTS", "0"),
        ("CHANNEL_WORKER_TRIES", "0"),
        ("CHANNEL_WORKER_LEASE_S", "0"),
        ("CHANNEL_SOURCE_CACHE_BYTES", "-1"),
    ],
)
def test_nonsense_is_named(env: str, value: str) -> None:
    with pytest.raises(SettingsError, match=env):
        TranscoderSettings.from_env({env: value})
