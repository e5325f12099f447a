"""Reads what happened so far to the customers of a decision."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction
from common.errors import NotFoundError
from identity.customers.domain.changes import MergeCause
from identity.customers.domain.customers import Customer
from identity.customers.store.customer_json import attributes_from_json, customer_from_json
from identity.merging.domain.origins import AbsorbedCustomer, PastMerge
from identity.merging.domain.outcomes import Past
from identity.resolution.domain.decisions import Decision
from identity.resolution.store.decisions import DECISION, decision_of, list_standing_decisions

MERGE_COLUMNS = (
    "merge_id, merged_at, survivor_id, absorbed_ids, reason, rule, actor, evidence, before"
)

MERGE_BY_ID = text(
    f"SELECT {MERGE_COLUMNS} FROM merge_log WHERE tenant_id = :tenant_id AND merge_id = :merge_id"
)
MERGES_OF = text(
    f"""
    SELECT {MERGE_COLUMNS} FROM merge_log
    WHERE tenant_id = :tenant_id AND survivor_id = ANY(cast(:ids AS uuid[]))
    """
)
ABSORBED = text(
    """
    SELECT id, version, created_at, attributes, merged_into FROM customer
    WHERE tenant_id = :tenant_id AND id = ANY(cast(:ids AS uuid[])) AND merged_into IS NOT NULL
    """
)
DECISION_BY_ID = text(
    f"""
    SELECT {DECISION.names} FROM decision
    WHERE tenant_id = :tenant_id AND decision_id = :decision_id AND withdrawn_at IS NULL
    """
)


async def get_merge(tx: Transaction, tenant_id: str, merge_id: UUID) -> PastMerge:
    """Return a merge of the log. Raises NotFoundError."""
    parameters = {"tenant_id": tenant_id, "merge_id": merge_id}
    row = (await tx.execute(MERGE_BY_ID, parameters)).one_or_none()
    if row is None:
        raise NotFoundError("there is no such merge")
    return merge_of(row)


async def get_decided(tx: Transaction, tenant_id: str, decision_id: UUID) -> Decision:
    """Return a decision. Raises NotFoundError for one that does not stand."""
    parameters = {"tenant_id": tenant_id, "decision_id": decision_id}
    row = (await tx.execute(DECISION_BY_ID, parameters)).one_or_none()
    if row is None:
        raise NotFoundError("there is no such decision, or it was withdrawn")
    return decision_of(row)


async def get_past(tx: Transaction, tenant_id: str, customers: Iterable[Customer]) -> Past:
    """Return the merges that made these customers what they are, and the decisions about them."""
    ids = sorted({own_id for each in customers for own_id in (each.id, *each.merged_ids)})
    parameters = {"tenant_id": tenant_id, "ids": ids}
    merges = [merge_of(row) for row in await tx.execute(MERGES_OF, parameters)]
    absorbed = [_absorbed(row) for row in await tx.execute(ABSORBED, parameters)]
    return Past(
        merges,
        {each.customer.id: each for each in absorbed},
        await list_standing_decisions(tx, tenant_id, ids),
    )


def merge_of(row: Any) -> PastMerge:
    """Return the merge of a row of ``MERGE_COLUMNS``."""
    return PastMerge(
        row.merge_id,
        row.merged_at,
        tuple(row.absorbed_ids),
        MergeCause(row.reason, row.rule, row.actor, tuple(row.evidence)),
        tuple(customer_from_json(image) for image in row.before),
    )


def _absorbed(row: Any) -> AbsorbedCustomer:
    customer = Customer(
        id=row.id,
        version=row.version,
        created_at=row.created_at,
        identifiers={},
        attributes=attributes_from_json(row.attributes),
    )
    return AbsorbedCustomer(customer, row.merged_into)
