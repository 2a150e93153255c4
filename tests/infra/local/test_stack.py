from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.local.preflight import CannotStart
from infra.local.stack import StackSettings, addresses, run_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


async def _nothing(_environment: Mapping[str, str]) -> None:
    return None


@pytest.mark.parametrize("port", ["s3", "-1", "70000"])
async def test_an_impossible_port_is_one_clear_line(
    port: str, tmp_path: Path, free_port: Callable[[], int], valkey_url: str
) -> None:
    settings = StackSettings(
        home=tmp_path / "home",
        host="127.0.0.1",
        port=free_port(),
        environment={"CHANNEL_S3_PORT": port, "CHANNEL_REDIS_URL": valkey_url},
        programs=(),
        prepare=_nothing,
        announce=lambda _: None,
    )
    with pytest.raises(CannotStart, match=f"CHANNEL_S3_PORT: '{port}' is not a port"):
        await run_stack(settings)


async def test_the_operator_says_how_browsers_reach_the_embedded_store(
    tmp_path: Path, free_port: Callable[[], int], valkey_url: str
) -> None:
    public = "https://objects.example.test"
    told: dict[str, str] = {}

    async def look(environment: Mapping[str, str]) -> None:
        told.update(environment)
        raise CannotStart("seen enough")

    settings = StackSettings(
        home=tmp_path / "home",
        host="0.0.0.0",
        port=free_port(),
        environment={"CHANNEL_S3_PUBLIC_ENDPOINT_URL": public, "CHANNEL_REDIS_URL": valkey_url},
        programs=(),
        prepare=look,
        announce=lambda _: None,
    )
    with pytest.raises(CannotStart, match="seen enough"):
        await run_stack(settings)
    assert told["CHANNEL_S3_PUBLIC_ENDPOINT_URL"] == public
    assert told["CHANNEL_S3_ENDPOINT_URL"].startswith("http://127.0.0.1:")


def test_no_stack_has_no_addresses(tmp_path: Path) -> None:
    assert addresses(tmp_path) == {}
