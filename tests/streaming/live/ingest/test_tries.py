from __future__ import annotations

import pytest

from streaming.live.ingest.tries import Tries


def test_tries_run_out_and_come_back() -> None:
    tries = Tries(burst=3, refill_s=10)
    for _ in range(3):
        assert tries.allowed("192.0.2.1", now=0)
        tries.failed("192.0.2.1", now=0)
    assert not tries.allowed("192.0.2.1", now=9.9)
    assert tries.allowed("192.0.2.2", now=0)
    assert tries.allowed("192.0.2.1", now=10)
    tries.failed("192.0.2.1", now=10)
    assert not tries.allowed("192.0.2.1", now=10)
    assert tries.allowed("192.0.2.1", now=1000)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::1%eth1", True),
        ("unknown", "unknown", True),
    ],
)
def test_whose_tries_they_are(one: str, other: str, same: bool) -> None:
    tries = Tries(burst=1)
    tries.failed(one, now=0)
    assert tries.allowed(other, now=0) is not same


def test_a_flood_of_addresses_is_forgotten() -> None:
    tries = Tries(burst=1, refill_s=1000)
    for number in range(10_001):
        tries.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", now=0)
    assert tries.allowed("10.0.0.0", now=0)
    assert not tries.allowed("10.0.0.1", now=0)
