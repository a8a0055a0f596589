"""How often one person may do something, counted over the last minute."""

import math
import time
from ipaddress import IPv6Address, ip_address, ip_network

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from assistant.web.problems import Refused


class Rate:
    """So many of one thing a minute, for each who does it; one process counts for itself."""

    def __init__(self, name: str, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._name = name
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, who: str) -> None:
        """Count one.

        Raises:
            Refused: 429, if that is one too many.
        """
        if self._limiter.hit(self._item, who):
            return
        free = self._limiter.get_window_stats(self._item, who).reset_time
        wait = max(1, math.ceil(free - time.time()))
        raise Refused(
            429,
            "too_many_requests",
            f"At most {self._item.amount:,} {self._name} a minute are served; try again in {wait} seconds.",
            wait,
        )


def sender(address: str) -> str:
    """Return what an address is counted as: of IPv6 its /64, of which one machine has every address."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found)
