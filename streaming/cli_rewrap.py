"""`channel rewrap`: wrap the secrets of all encrypted assets with the operator's newest key."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from infra.errors import SettingsError
from infra.s3 import S3Store
from infra.settings import InfraSettings
from transcoder.encryption.rewrap import Rewrapped, rewrap
from transcoder.encryption.settings import EncryptionSettings

if TYPE_CHECKING:
    from collections.abc import Mapping


def rewrap_command(environment: Mapping[str, str]) -> int:
    """Say what was done; 1 if the secret of some asset cannot be read. Raises SettingsError without a key."""
    done = asyncio.run(_rewrap(environment))
    sys.stdout.write(f"{done.renewed} wrapped anew, {done.newest} were already\n")
    for line in done.unreadable:
        sys.stderr.write(f"{line}\n")
    return int(bool(done.unreadable))


async def _rewrap(environment: Mapping[str, str]) -> Rewrapped:
    wrapping = EncryptionSettings.from_env(environment).wrapping()
    if not wrapping.keys:
        raise SettingsError(
            "CHANNEL_KEY_ENCRYPTION_KEY: set it to the key to wrap with, and behind a comma the old one"
        )
    store = S3Store(InfraSettings.from_env(environment).s3)
    try:
        return await rewrap(store, wrapping)
    finally:
        await store.aclose()
