"""The S3 adapter against a store that errs, breaks off and hangs: what one fault costs, of each kind."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from infra.errors import ObjectExists, ObjectNotFound, ObjectStoreError
from infra.s3 import S3Store
from tests.e2e.soak.faults import FaultKind
from tests.e2e.soak.plan import Fault
from tests.e2e.soak.s3_proxy import S3Proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from infra.settings import S3Settings

BODY = b"0123456789" * 20_000


@asynccontextmanager
async def _broken(settings: S3Settings, port: int) -> AsyncIterator[tuple[S3Store, S3Proxy]]:
    """The store through a proxy that can break requests."""
    proxy = S3Proxy(urlsplit(str(settings.endpoint_url)).port or 0, bucket=settings.bucket)
    store = S3Store(replace(settings, endpoint_url=f"http://127.0.0.1:{port}"))
    async with proxy.listening(port):
        await store.ensure_bucket()
        try:
            yield store, proxy
        finally:
            await store.aclose()


def _strike(proxy: S3Proxy, kind: FaultKind, *, lasts_s: float = 0.2) -> asyncio.Task[bool]:
    fault = Fault(kind=kind, after_s=0, victim=0, lasts_s=lasts_s)
    return asyncio.ensure_future(proxy.strike(fault, patience_s=10))


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind.of_s3])
async def test_one_fault_is_not_noticed(s3_settings: S3Settings, free_port: Callable[[], int], kind: FaultKind) -> None:
    async with _broken(s3_settings, free_port()) as (store, proxy):
        striking = _strike(proxy, kind)
        await asyncio.sleep(0)
        await store.put("a", BODY, content_type="text/plain")
        assert await store.read("a") == BODY
        assert await striking


async def test_a_write_whose_answer_was_lost_is_found_written(
    s3_settings: S3Settings, free_port: Callable[[], int]
) -> None:
    async with _broken(s3_settings, free_port()) as (store, proxy):
        striking = _strike(proxy, FaultKind.S3_LOST_ANSWER)
        await asyncio.sleep(0)
        with pytest.raises(ObjectExists):
            await store.put("a", BODY, content_type="text/plain", only_if_absent=True)
        assert await striking
        assert await store.read("a") == BODY
        assert proxy.written["a"] == 1


async def test_a_partial_write_leaves_nothing(s3_settings: S3Settings, free_port: Callable[[], int]) -> None:
    async with _broken(s3_settings, free_port()) as (store, proxy):
        strikes = [_strike(proxy, FaultKind.S3_CUT_REQUEST, lasts_s=number) for number in range(4)]
        await asyncio.sleep(0)
        with pytest.raises(ObjectStoreError):
            await store.put("a", BODY, content_type="text/plain")
        assert all(await asyncio.gather(*strikes))
        assert await store.head("a") is None


async def test_a_refusal_that_breaks_off_is_an_error_of_the_store(
    s3_settings: S3Settings, free_port: Callable[[], int]
) -> None:
    async with _broken(s3_settings, free_port()) as (store, proxy):
        striking = _strike(proxy, FaultKind.S3_CUT_ANSWER)
        await asyncio.sleep(0)
        with pytest.raises(ObjectStoreError):
            await store.read("absent")
        assert await striking
        with pytest.raises(ObjectNotFound):
            await store.read("absent")
