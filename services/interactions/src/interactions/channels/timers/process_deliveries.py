"""Turn stored deliveries into interactions."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from common.db import Clock, Database, Transaction
from common.errors import ServiceError, UnavailableError
from common.runtime import Rotation
from common.telemetry import describe, get_logger
from interactions.channels.kit.adapter import Adapter, Delivery, UnreadableError
from interactions.channels.store.deliveries import StoredDelivery, claim_deliveries
from interactions.channels.usecases.deliveries import (
    RecordDeliveries,
    Understood,
    record_deliveries,
)
from interactions.history import (
    Deadline,
    Draft,
    Resolved,
    Resolver,
    SenderErasedError,
    metrics,
    unresolved_if_refused,
)

_log = get_logger(__name__)

BATCH = 100
LEASE_SECONDS = 30.0
MAX_ATTEMPTS = 5
"""A delivery that was claimed more often has probably crashed its process each time."""


@dataclass(frozen=True, slots=True)
class _Read:
    delivery: StoredDelivery
    drafts: Sequence[Draft] = ()
    unreadable: str | None = None


class ProcessDeliveries:
    """Works one round: claim, read, resolve, record. Quarantines unreadable deliveries."""

    def __init__(
        self,
        database: Database,
        resolver: Resolver,
        adapters: Mapping[str, Adapter],
        *,
        clock: Clock,
        deadline: Deadline,
        window: timedelta,
        default_region: str | None = None,
    ) -> None:
        self._database = database
        self._resolver = resolver
        self._adapters = adapters
        self._clock = clock
        self._deadline = deadline
        self._window = window
        self._default_region = default_region
        self._rotation = Rotation()

    async def __call__(self) -> int:
        claimed = await self._rotation.claim(lambda after: self._database.run(_claim, after))
        by_tenant: dict[str, list[_Read]] = defaultdict(list)
        for delivery in claimed:
            by_tenant[delivery.tenant_id].append(self._read(delivery))
        for tenant_id, reads in by_tenant.items():
            await self._finish(tenant_id, reads)
        return len(claimed)

    def _read(self, delivery: StoredDelivery) -> _Read:
        adapter = self._adapters.get(delivery.provider)
        if adapter is None or delivery.channel is None:
            return _Read(delivery, unreadable="unknown_account")
        if delivery.attempts > MAX_ATTEMPTS:
            return _Read(delivery, unreadable="too_many_attempts")
        call = Delivery(
            delivery.account,
            delivery.channel,
            delivery.headers,
            delivery.body,
            delivery.received_at,
            delivery.region or self._default_region,
        )
        try:
            return _Read(delivery, adapter.read(call))
        except UnreadableError as error:
            return _Read(delivery, unreadable=str(error))
        except Exception as error:  # noqa: BLE001 - a bug in a parser must not lose the delivery
            _log.error("delivery.parser_failed", provider=delivery.provider, exc_info=error)
            return _Read(delivery, unreadable=f"parser_failed: {describe(error)}")

    async def _finish(self, tenant_id: str, reads: Sequence[_Read]) -> None:
        """Resolve and record all; if that fails, each alone, so that none blocks the others."""
        try:
            await self._store(await self._resolve(tenant_id, reads))
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - isolated and quarantined with its reason
            _log.error("delivery.recording_failed", exc_info=error)
            if len(reads) > 1:
                for read in reads:
                    await self._finish(tenant_id, [read])
                return
            reason = f"recording_failed: {describe(error)}"
            failed = [Understood(read.delivery, (), reason) for read in reads]
            await self._store(RecordDeliveries(tenant_id, failed, self._window))

    async def _resolve(self, tenant_id: str, reads: Sequence[_Read]) -> RecordDeliveries:
        drafts = [draft for read in reads for draft in read.drafts]
        results = await self._resolver.resolve(tenant_id, drafts, deadline=self._deadline)
        answers = iter(zip(results, drafts, strict=True))
        understood = [_understood(r, [next(answers) for _ in r.drafts]) for r in reads]
        return RecordDeliveries(tenant_id, understood, self._window)

    async def _store(self, command: RecordDeliveries) -> None:
        outcomes = await self._database.run(record_deliveries, command, now=self._clock.now())
        for (provider, outcome), count in outcomes.items():
            metrics.DELIVERIES.labels(provider, outcome).inc(count)


def _understood(
    read: _Read, answers: Sequence[tuple[Resolved | ServiceError, Draft]]
) -> Understood:
    """Return the messages of a delivery, without those whose senders are erased."""
    kept = [pair for pair in answers if not isinstance(pair[0], SenderErasedError)]
    items = [unresolved_if_refused(result, draft) for result, draft in kept]
    is_erased = len(kept) < len(answers)
    return Understood(read.delivery, items, read.unreadable, is_erased=is_erased)


async def _claim(tx: Transaction, after: str) -> list[StoredDelivery]:
    return await claim_deliveries(tx, count=BATCH, lease_seconds=LEASE_SECONDS, after=after)
