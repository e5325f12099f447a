"""Reads everything about one customer, as it is and as it came to be."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection
from common.errors import NotFoundError

_CLUSTER = text(
    """
    SELECT customer.id, customer.version, customer.created_at, customer.updated_at,
           customer.attributes,
           ARRAY(SELECT origin_id FROM customer_alias AS alias
                 WHERE alias.tenant_id = :tenant_id AND alias.canonical_id = customer.id
                 ORDER BY origin_id) AS ids
    FROM customer_alias AS requested
    JOIN customer ON customer.tenant_id = :tenant_id AND customer.id = requested.canonical_id
    WHERE requested.tenant_id = :tenant_id AND requested.origin_id = :customer_id
    """
)
_PARTS = {
    "identifiers": """
        SELECT type, nullif(scope, '') AS scope, value, raw, level, source, first_seen_at,
               customer_id
        FROM identifier WHERE tenant_id = :tenant_id AND customer_id = ANY (cast(:ids AS uuid[]))
        ORDER BY type, scope, value
    """,
    "observations": """
        SELECT name, value, source, level, observed_at, ingested_at, customer_id, is_claim
        FROM attribute_observation
        WHERE tenant_id = :tenant_id AND customer_id = ANY (cast(:ids AS uuid[]))
        ORDER BY name, observed_at, ingested_at, digest
    """,
    "merges": """
        SELECT merge_id, survivor_id, absorbed_ids, reason, rule, actor, evidence, before, merged_at
        FROM merge_log
        WHERE tenant_id = :tenant_id
          AND (survivor_id = ANY (cast(:ids AS uuid[])) OR absorbed_ids && cast(:ids AS uuid[]))
        ORDER BY merged_at, merge_id
    """,
    "claims": """
        SELECT type, nullif(scope, '') AS scope, value, raw, source, claimed_at, expires_at
        FROM claim WHERE tenant_id = :tenant_id AND customer_id = ANY (cast(:ids AS uuid[]))
        ORDER BY type, scope, value
    """,
    "quarantined": """
        SELECT type, nullif(scope, '') AS scope, value, raw, level, source, reason, since,
               released_at
        FROM quarantine WHERE tenant_id = :tenant_id AND customer_id = ANY (cast(:ids AS uuid[]))
        ORDER BY type, scope, value
    """,
    "links": """
        SELECT own.type, nullif(own.scope, '') AS scope, own.value,
               other.type AS other_type, nullif(other.scope, '') AS other_scope,
               other.value AS other_value,
               link.rule, link.source, link.first_seen_at, link.last_seen_at, link.verified_at
        FROM identifier AS own
        JOIN link ON link.tenant_id = :tenant_id AND link.low_type = own.type
          AND link.low_scope = own.scope AND link.low_value = own.value
        JOIN identifier AS other ON other.tenant_id = :tenant_id AND other.type = link.high_type
          AND other.scope = link.high_scope AND other.value = link.high_value
        WHERE own.tenant_id = :tenant_id AND own.customer_id = ANY (cast(:ids AS uuid[]))
          AND other.customer_id = own.customer_id
        ORDER BY own.type, own.scope, own.value, other.type, other.scope, other.value, link.rule
    """,
    "decisions": """
        SELECT decision_id, kind, customer_id, other_id, actor, reason, basis, score,
               rules_version, decided_at, undo_of, merge_id, withdrawn_at, withdrawn_by,
               withdrawal_reason
        FROM decision
        WHERE tenant_id = :tenant_id
          AND (customer_id = ANY (cast(:ids AS uuid[])) OR other_id = ANY (cast(:ids AS uuid[])))
        ORDER BY decided_at, decision_id
    """,
    "groups": """
        SELECT member.group_id, grouped.kind, member.customer_id, member.role, member.valid_from,
               member.valid_until, member.source, member.added_at
        FROM group_member AS member
        JOIN customer_group AS grouped
          ON grouped.tenant_id = :tenant_id AND grouped.id = member.group_id
        WHERE member.tenant_id = :tenant_id AND member.customer_id = ANY (cast(:ids AS uuid[]))
        ORDER BY member.group_id, member.customer_id, member.role
    """,
    "lost_identifiers": """
        SELECT type, nullif(scope, '') AS scope, value, raw, level, reason, found_at
        FROM key_conflict
        WHERE tenant_id = :tenant_id AND customer_id = ANY (cast(:ids AS uuid[]))
        ORDER BY type, scope, value
    """,
}
_STATEMENTS = {part: text(statement) for part, statement in _PARTS.items()}


@dataclass(frozen=True, slots=True)
class Export:
    """A customer's row, all its ids, and the rows of each part, as mappings."""

    customer: Any
    ids: list[UUID]
    parts: dict[str, list[dict[str, Any]]]


async def get_export(connection: ReadConnection, tenant_id: str, customer_id: UUID) -> Export:
    """Return everything about the customer that an id leads to. Raises NotFoundError."""
    asked = {"tenant_id": tenant_id, "customer_id": customer_id}
    customer = (await connection.execute(_CLUSTER, asked)).one_or_none()
    if customer is None:
        raise NotFoundError("there is no such customer")
    ids = list(customer.ids)
    parts: dict[str, list[dict[str, Any]]] = {}
    for part, statement in _STATEMENTS.items():
        rows = await connection.execute(statement, {"tenant_id": tenant_id, "ids": ids})
        parts[part] = [dict(row) for row in rows.mappings()]
    return Export(customer, ids, parts)
