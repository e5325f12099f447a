"""Token buckets: how many requests one credential, and one tenant, may send.

The buckets live in this process: with N processes behind a balancer a tenant gets up to N times the
quota. A limit for a whole fleet belongs in the proxy in front.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import NoReturn

from cachetools import LRUCache

from common.errors import RateLimitedError, UnauthenticatedError
from common.runtime import NOBODY
from common.web.auth.callers import Caller
from common.web.auth.exchange import Exchange

WINDOW_SECONDS = 60
TENANT_FACTOR = 4
"""A tenant's keys share this many times the quota of one, so that more keys buy little."""
MAX_BUCKETS = 10_000

REFUSALS_PER_MINUTE = 1_000
"""Calls without a valid signature from one address; beyond, they are refused unread."""
MAX_ARRIVING_EACH = 256
"""Bodies that one tenant sends at once."""
MAX_READ = 64
"""Bodies of strangers that are read at once."""
MAX_READ_EACH = 4
"""Of these, bodies from one address."""
MAX_STRANGERS = 256
MAX_STRANGERS_EACH = 64
"""Strangers' calls that may wait to be read, in all and from one address."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


@dataclass(frozen=True, slots=True)
class Standing:
    """The rest of a quota, and the seconds until it is full again."""

    quota: int
    remaining: int
    reset_seconds: int

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """Return the header fields of draft-ietf-httpapi-ratelimit-headers."""
        return (
            (b"ratelimit-policy", b'"default";q=%d;w=%d' % (self.quota, WINDOW_SECONDS)),
            (b"ratelimit", b'"default";r=%d;t=%d' % (self.remaining, self.reset_seconds)),
        )


class Buckets:
    """One quota a minute for each of many keys; the least recently used buckets are forgotten."""

    def __init__(self, quota: int, *, time: Callable[[], float] = time.monotonic) -> None:
        self.quota = quota
        self._rate = quota / WINDOW_SECONDS
        self._time = time
        self._buckets: LRUCache[Hashable, _Bucket] = LRUCache(MAX_BUCKETS)

    def take(self, key: Hashable, cost: float = 1) -> Standing:
        """Pay ``cost``. Raises RateLimitedError, and takes nothing, when too little is left.

        A full bucket accepts a cost above the whole quota, and then owes the rest.
        """
        bucket = self._filled(key)
        needed = min(cost, self.quota)
        if bucket.tokens < needed:
            wait = (needed - bucket.tokens) / self._rate
            raise RateLimitedError("rate limit exceeded; retry later", retry_after_seconds=wait)
        bucket.tokens -= cost
        return self._standing(bucket)

    def is_empty(self, key: Hashable) -> bool:
        """Return whether nothing is left, without paying."""
        return key in self._buckets and self._filled(key).tokens < 1

    def check(self, key: Hashable) -> None:
        """Raise RateLimitedError when nothing is left, without paying."""
        if self.is_empty(key):
            self.take(key)

    def standing(self, key: Hashable) -> Standing:
        return self._standing(self._filled(key))

    def _filled(self, key: Hashable) -> _Bucket:
        now = self._time()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(float(self.quota), now)
            return bucket
        earned = (now - bucket.filled_at) * self._rate
        bucket.tokens = min(self.quota, bucket.tokens + earned)
        bucket.filled_at = now
        return bucket

    def _standing(self, bucket: _Bucket) -> Standing:
        missing = self.quota - bucket.tokens
        return Standing(
            self.quota, max(0, math.floor(bucket.tokens)), math.ceil(missing / self._rate)
        )


class RateLimiter:
    """The quotas of credentials and tenants. ``quota`` is what one credential has a minute."""

    def __init__(self, quota: int, *, time: Callable[[], float] = time.monotonic) -> None:
        self._callers = Buckets(quota, time=time)
        self._tenants = Buckets(quota * TENANT_FACTOR, time=time)

    def charge(self, caller: Caller, exchange: Exchange, cost: float = 1) -> None:
        """Charge the caller for a request and note its headers. Raises RateLimitedError (429)."""
        key = (caller.tenant_id, caller.principal_id)
        try:
            self._tenants.take(caller.tenant_id, cost)
            exchange.rate_headers = self._callers.take(key, cost).headers()
        except RateLimitedError:
            exchange.rate_headers = self._callers.standing(key).headers()
            raise

    def charge_tenant(self, tenant_id: str, cost: float = 1) -> None:
        """Charge a tenant for a call without a credential. Raises RateLimitedError (429)."""
        self._tenants.take(tenant_id, cost)


class Arriving:
    """How many bodies each owner is sending; a slow one costs others nothing but its connection."""

    def __init__(self) -> None:
        self._count: Counter[tuple[str, str]] = Counter()

    def count(self, owner: str) -> int:
        """Return how many bodies a tenant is sending."""
        return self._count[owner, ""]

    @contextmanager
    def one(self, owner: str, member: str) -> Iterator[None]:
        """Count a body while it arrives. Raises RateLimitedError when there are too many."""
        key = (owner, member if owner == NOBODY else "")
        if self._count[key] >= MAX_ARRIVING_EACH:
            raise RateLimitedError(
                "too many request bodies are arriving; finish sending one first",
                retry_after_seconds=1,
            )
        self._count[key] += 1
        try:
            yield
        finally:
            self._count[key] -= 1
            if not self._count[key]:
                del self._count[key]


@dataclass(slots=True)
class _Stranger:
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_READ_EACH))
    calls: int = 0


class Strangers:
    """What senders without a credential may cost until their signature has been checked.

    The sender of a webhook shows who it is only with its body. ``sender`` is the network that one
    sender can be expected to own.
    """

    def __init__(self, *, time: Callable[[], float] = time.monotonic) -> None:
        self._refusals = Buckets(REFUSALS_PER_MINUTE, time=time)
        self._turns = asyncio.Semaphore(MAX_READ)
        self._senders: dict[str, _Stranger] = {}
        self._calls = 0

    def check(self, sender: str) -> None:
        """Raise RateLimitedError when too many calls of this sender were refused."""
        self._refusals.check(sender)

    def refuse(self, sender: str) -> NoReturn:
        """Count a call without a valid signature, and raise UnauthenticatedError."""
        with suppress(RateLimitedError):
            self._refusals.take(sender)
        raise UnauthenticatedError("invalid signature")

    @asynccontextmanager
    async def turn(self, sender: str) -> AsyncIterator[None]:
        """Wait until this sender may send a body; ``MAX_READ`` may, ``MAX_READ_EACH`` of each.

        Raises RateLimitedError when too many wait already: each keeps a connection.
        """
        own = self._senders.setdefault(sender, _Stranger())
        if own.calls >= MAX_STRANGERS_EACH or self._calls >= MAX_STRANGERS:
            raise RateLimitedError("too many calls are waiting; retry later", retry_after_seconds=1)
        own.calls += 1
        self._calls += 1
        try:
            async with own.turns, self._turns:
                yield
        finally:
            own.calls -= 1
            self._calls -= 1
            if own.calls == 0:
                self._senders.pop(sender, None)
