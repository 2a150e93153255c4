"""How often an address may be wrong: pure, the time is an argument."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

_REMEMBERED: Final = 10_000
_NETWORK_BITS: Final = 64


@dataclass(slots=True, kw_only=True)
class _Bucket:
    left: float
    at: float


class Tries:
    """A bucket of tries for each address; a wrong key takes one, time gives them back.

    Keys cannot be guessed; what is saved is the work of looking them up. Of more addresses than 10,000 those that were
    not seen for longest are forgotten, so that no flood of them fills the memory.
    """

    def __init__(self, *, burst: int = 10, refill_s: float = 6.0) -> None:
        """`burst` wrong keys at once, then one each `refill_s` seconds."""
        self._burst = float(burst)
        self._refill_s = refill_s
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def allowed(self, address: str, *, now: float) -> bool:
        """Whether it may try again. `now` in seconds, of a clock that does not go back."""
        return self._left(_network(address), now) >= 1.0

    def failed(self, address: str, *, now: float) -> None:
        """It was wrong."""
        network = _network(address)
        self._buckets[network] = _Bucket(left=max(0.0, self._left(network, now) - 1.0), at=now)
        self._buckets.move_to_end(network)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)

    def _left(self, network: str, now: float) -> float:
        bucket = self._buckets.get(network)
        if bucket is None:
            return self._burst
        return min(self._burst, bucket.left + max(0.0, now - bucket.at) / self._refill_s)


def _network(address: str) -> str:
    """Whose tries they are: of IPv6 the /64, for one machine has all of it."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Address(int(parsed) >> _NETWORK_BITS << _NETWORK_BITS))
