"""Ask identity again about interactions that were recorded without a customer."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from common.db import Clock, Database, Transaction
from common.errors import ServiceError, UnavailableError
from common.runtime import Rotation
from interactions.history import metrics
from interactions.history.store import unresolved
from interactions.history.store.unresolved import Unresolved
from interactions.history.usecases.attach_interactions import (
    AttachInteractions,
    Attachment,
    attach_interactions,
)
from interactions.history.usecases.resolve_contacts import (
    Identity,
    IdentityFaultError,
    Resolution,
    ResolutionRequest,
)

BATCH = 200
DEADLINE_SECONDS = 10.0
MAX_ATTEMPTS = 8
"""After so many, some ten minutes, an interaction on which identity fails alone is given up."""
NO_SUCH_CUSTOMER = "there is no such customer"


class AttachUnresolved:
    """One round: claim due rows, ask identity about them tenant by tenant, attach its resolutions.

    A claim is a lease that doubles with every attempt, so two processes never work on the same row.
    When identity is back, all waiting rows become due.
    """

    def __init__(self, database: Database, identity: Identity, *, clock: Clock) -> None:
        self._database = database
        self._identity = identity
        self._clock = clock
        self._away = False
        self._rotation = Rotation()

    async def __call__(self) -> int:
        # While identity is unavailable, one row a round is enough to notice its return.
        count = BATCH if self._identity.available else 1
        due = await self._rotation.claim(lambda after: self._database.run(_claim, count, after))
        by_tenant: dict[str, list[Unresolved]] = defaultdict(list)
        for row in due:
            by_tenant[row.tenant_id].append(row)
        for tenant_id, rows in by_tenant.items():
            await self._attach(tenant_id, rows)
        return len(due)

    async def _attach(self, tenant_id: str, rows: Sequence[Unresolved]) -> None:
        """Attach rows of one tenant; those on which identity fails are told apart by halving."""
        try:
            command = await self._ask(tenant_id, rows)
        except IdentityFaultError as fault:
            if len(rows) > 1:
                middle = len(rows) // 2
                await self._attach(tenant_id, rows[:middle])
                await self._attach(tenant_id, rows[middle:])
                return
            if rows[0].attempts < MAX_ATTEMPTS:
                return
            command = AttachInteractions(tenant_id, [], {rows[0].interaction_id: fault.detail})
        except UnavailableError:
            self._away = True
            raise
        attached = await self._database.run(attach_interactions, command, now=self._clock.now())
        metrics.ATTACHED.inc(attached)
        if self._away:
            self._away = False
            await self._database.run(_mark_due)

    async def _ask(self, tenant_id: str, rows: Sequence[Unresolved]) -> AttachInteractions:
        claimed = [r for r in rows if r.claimed_customer_id is not None]
        unclaimed = [r for r in rows if r.claimed_customer_id is None]
        attachments: list[Attachment] = []
        refused: dict[UUID, str] = {}
        erased: list[UUID] = []
        if unclaimed:
            requests = [
                ResolutionRequest(
                    r.identifiers, r.observed_at, "interactions", by_sender=r.by_sender
                )
                for r in unclaimed
            ]
            resolutions = await self._identity.resolve(
                tenant_id, requests, deadline_seconds=DEADLINE_SECONDS
            )
            for row, resolution in zip(unclaimed, resolutions, strict=True):
                if isinstance(resolution, Resolution) and resolution.is_erased:
                    erased.append(row.interaction_id)
                else:
                    _sort(row, resolution, attachments, refused)
        if claimed:
            ids = sorted({r.claimed_customer_id for r in claimed if r.claimed_customer_id})
            customers = await self._identity.find_customers(
                tenant_id, ids, deadline_seconds=DEADLINE_SECONDS
            )
            for row in claimed:
                customer = row.claimed_customer_id and customers[row.claimed_customer_id]
                _sort(row, Resolution(customer) if customer else None, attachments, refused)
        return AttachInteractions(tenant_id, attachments, refused, erased)


def _sort(
    row: Unresolved,
    resolution: Resolution | ServiceError | None,
    attachments: list[Attachment],
    refused: dict[UUID, str],
) -> None:
    if isinstance(resolution, Resolution) and resolution.customer_id is not None:
        attachments.append(
            Attachment(
                row.interaction_id,
                row.conversation_id,
                resolution.customer_id,
                resolution.learned,
            )
        )
    else:
        refused[row.interaction_id] = _why_refused(resolution)


def _why_refused(resolution: Resolution | ServiceError | None) -> str:
    if isinstance(resolution, ServiceError):
        return resolution.detail
    return (resolution and resolution.refused) or NO_SUCH_CUSTOMER


async def _claim(tx: Transaction, count: int, after: str) -> list[Unresolved]:
    return await unresolved.claim_unresolved(tx, count=count, after=after)


async def _mark_due(tx: Transaction) -> int:
    return await unresolved.mark_due(tx)
