from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import anyio
import pytest

from infra.errors import SettingsError
from manifests.layout import AssetId
from streaming.cli_rewrap import rewrap_command
from transcoder.encryption.key_store import KeyStore

if TYPE_CHECKING:
    from infra.s3 import S3Store
    from infra.settings import S3Settings

KEY = base64.b64encode(bytes(32)).decode()


async def test_it_says_what_it_did(store: S3Store, s3_settings: S3Settings, capfd: pytest.CaptureFixture[str]) -> None:
    await KeyStore(store).make(AssetId("asset"), 1)
    environment = {
        "CHANNEL_S3_ENDPOINT_URL": str(s3_settings.endpoint_url), "CHANNEL_S3_BUCKET": s3_settings.bucket,
        "CHANNEL_S3_ACCESS_KEY_ID": str(s3_settings.access_key_id),
        "CHANNEL_S3_SECRET_ACCESS_KEY": str(s3_settings.secret_access_key), "CHANNEL_KEY_ENCRYPTION_KEY": KEY,
    }  # fmt: skip
    for said in ("1 wrapped anew, 0 were already\n", "0 wrapped anew, 1 were already\n"):
        assert await anyio.to_thread.run_sync(rewrap_command, environment) == 0
        assert capfd.readouterr().out == said
    other = {**environment, "CHANNEL_KEY_ENCRYPTION_KEY": base64.b64encode(bytes([1]) * 32).decode()}
    assert await anyio.to_thread.run_sync(rewrap_command, other) == 1
    assert "work/asset/1/keys.json" in capfd.readouterr().err


def test_without_a_key_it_says_what_to_set() -> None:
    with pytest.raises(SettingsError, match="CHANNEL_KEY_ENCRYPTION_KEY"):
        rewrap_command({})
