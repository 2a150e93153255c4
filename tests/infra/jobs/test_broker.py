from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from coredis import Redis
from coredis.exceptions import ConnectionError as BrokerConnectionError

from infra.jobs.broker import open_pool

if TYPE_CHECKING:
    from tests.conftest import ValkeyServer


async def test_who_holds_a_broker_that_broke_has_lost_his_connection(valkey_server: ValkeyServer) -> None:
    pool = open_pool(valkey_server.url, patience=timedelta(minutes=1))
    redis = Redis(connection_pool=pool)
    async with pool:
        assert await redis.ping()
    with pytest.raises(BrokerConnectionError):
        await redis.ping()
