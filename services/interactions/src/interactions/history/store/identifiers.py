"""Our copy of who has which identifier: read before identity is asked, filled by what it says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection, Transaction
from interactions.history.domain.contact import Identifier, Key

_FIND = text(
    """
    SELECT k.type, k.scope, k.lookup_key, k.level, NULL::uuid AS asked_id,
           coalesce(a.canonical_id, k.customer_id) AS customer_id
    FROM unnest(cast(:types AS text[]), cast(:scopes AS text[]), cast(:keys AS text[]))
         AS asked (type, scope, lookup_key)
    CROSS JOIN LATERAL (
        SELECT * FROM known_identifier k
        WHERE k.tenant_id = :tenant_id AND k.type = asked.type AND k.scope = asked.scope
          AND k.lookup_key = asked.lookup_key
        LIMIT 1) k
    LEFT JOIN LATERAL (
        SELECT canonical_id FROM customer_alias
        WHERE tenant_id = :tenant_id AND origin_id = k.customer_id
        LIMIT 1) a ON true
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, a.origin_id, a.canonical_id
    FROM customer_alias a
    WHERE a.tenant_id = :tenant_id AND a.origin_id = ANY (cast(:ids AS uuid[]))
    """
)
_LEARN_ALIASES = text(
    """
    INSERT INTO customer_alias (tenant_id, origin_id, canonical_id)
    SELECT :tenant_id, id, id FROM unnest(cast(:ids AS uuid[])) AS id ORDER BY id
    ON CONFLICT DO NOTHING
    """
)
_LEARN_IDENTIFIERS = text(
    """
    INSERT INTO known_identifier (tenant_id, type, scope, lookup_key, customer_id, level,
                                  asserted_at)
    SELECT :tenant_id, type, scope, lookup_key, customer_id, level, :asserted_at
    FROM unnest(cast(:types AS text[]), cast(:scopes AS text[]), cast(:keys AS text[]),
                cast(:customers AS uuid[]), cast(:levels AS text[]))
         AS i (type, scope, lookup_key, customer_id, level)
    ORDER BY type, scope, lookup_key
    ON CONFLICT (tenant_id, type, scope, lookup_key)
        DO UPDATE SET customer_id = excluded.customer_id, level = excluded.level,
                      asserted_at = excluded.asserted_at
        WHERE known_identifier.asserted_at <= excluded.asserted_at
    """
)

ANSWER_AGE = timedelta(seconds=10)
"""How old identity's answer may be when it is written; an event that came meanwhile is newer."""


@dataclass(frozen=True, slots=True)
class Known:
    """Canonical customers by identifier key, and by any customer id ever issued.

    ``levels`` are those with which identity has seen each identifier.
    """

    by_key: dict[Key, UUID]
    by_id: dict[UUID, UUID]
    levels: dict[Key, str] = field(default_factory=dict)


async def find_known(
    connection: ReadConnection, tenant_id: str, *, keys: Sequence[Key], ids: Sequence[UUID]
) -> Known:
    """Return what our copy knows about these identifiers and customer ids; one statement."""
    result = await connection.execute(
        _FIND,
        {
            "tenant_id": tenant_id,
            "types": [key[0] for key in keys],
            "scopes": [key[1] for key in keys],
            "keys": [key[2] for key in keys],
            "ids": list(ids),
        },
    )
    known = Known({}, {})
    for row in result:
        if row.asked_id is None:
            key = row.type, row.scope, row.lookup_key
            known.by_key[key], known.levels[key] = row.customer_id, row.level
        else:
            known.by_id[row.asked_id] = row.customer_id
    return known


async def learn(
    tx: Transaction,
    tenant_id: str,
    facts: Sequence[tuple[UUID, Sequence[Identifier]]],
    *,
    now: datetime,
) -> None:
    """Remember customers that identity confirmed, and the spellings it recognised them by.

    A customer that we already know to have been merged away stays so.
    """
    learned = {i.key: (customer, i.level) for customer, found in facts for i in found}
    customers = sorted({customer for customer, _ in facts})
    if customers:
        await tx.execute(_LEARN_ALIASES, {"tenant_id": tenant_id, "ids": customers})
    if learned:
        await tx.execute(
            _LEARN_IDENTIFIERS,
            {
                "tenant_id": tenant_id,
                "types": [key[0] for key in learned],
                "scopes": [key[1] for key in learned],
                "keys": [key[2] for key in learned],
                "customers": [customer for customer, _ in learned.values()],
                "levels": [level for _, level in learned.values()],
                "asserted_at": now - ANSWER_AGE,
            },
        )
