"""Our copy of who has which identifier: read before identity is asked, filled by its responses."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from common.db import Columns, ReadConnection, Transaction
from identifiers import NORMALISER_VERSION
from interactions.history.domain.contact import Identifier, Key, Level

_KEY = {"type": "text", "scope": "text", "lookup_key": "text"}
_KEYS = Columns(_KEY)
_IDENTIFIERS = Columns({**_KEY, "customer_id": "uuid", "level": "text"})

_FIND = text(
    f"""
    SELECT k.type, k.scope, k.lookup_key, k.level, NULL::uuid AS asked_id,
           coalesce(a.canonical_id, k.customer_id) AS customer_id
    FROM {_KEYS.table("keys", "asked")}
    CROSS JOIN LATERAL (
        SELECT * FROM known_identifier k
        WHERE k.tenant_id = :tenant_id AND k.type = asked.type AND k.scope = asked.scope
          AND k.lookup_key = asked.lookup_key
          AND k.normaliser_version = {NORMALISER_VERSION}
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
_INSERT_ALIASES = text(
    """
    INSERT INTO customer_alias (tenant_id, origin_id, canonical_id)
    SELECT :tenant_id, id, id FROM unnest(cast(:ids AS uuid[])) AS id ORDER BY id
    ON CONFLICT DO NOTHING
    """
)
_SAVE = text(
    f"""
    INSERT INTO known_identifier
        (tenant_id, {_IDENTIFIERS.names}, asserted_at, normaliser_version)
    SELECT :tenant_id, {_IDENTIFIERS.names}, :asserted_at, {NORMALISER_VERSION}
    FROM {_IDENTIFIERS.table("identifiers")}
    ORDER BY {_KEYS.names}
    ON CONFLICT (tenant_id, {_KEYS.names})
        DO UPDATE SET {_IDENTIFIERS.overwrite(key=tuple(_KEY))},
            asserted_at = excluded.asserted_at, normaliser_version = excluded.normaliser_version
        WHERE known_identifier.asserted_at <= excluded.asserted_at
           OR known_identifier.normaliser_version <> excluded.normaliser_version
    """
)

ANSWER_AGE = timedelta(seconds=10)
"""How old identity's response may be when it is written; an event received since is newer."""


@dataclass(frozen=True, slots=True)
class KnownCustomers:
    """Canonical customers by identifier key, and by any customer id ever issued.

    ``levels`` are the best levels of proof that identity knows.
    """

    by_key: dict[Key, UUID]
    by_id: dict[UUID, UUID]
    levels: dict[Key, Level] = field(default_factory=dict)


async def find_known(
    connection: ReadConnection, tenant_id: str, *, keys: Sequence[Key], ids: Sequence[UUID]
) -> KnownCustomers:
    """Return what our copy knows about these identifiers and customer ids; one statement."""
    result = await connection.execute(
        _FIND,
        {
            "tenant_id": tenant_id,
            "keys": _KEYS.values([_key_row(key) for key in keys]),
            "ids": list(ids),
        },
    )
    known = KnownCustomers({}, {})
    for row in result:
        if row.asked_id is None:
            key = row.type, row.scope, row.lookup_key
            known.by_key[key], known.levels[key] = row.customer_id, Level(row.level)
        else:
            known.by_id[row.asked_id] = row.customer_id
    return known


async def save_identifiers(
    tx: Transaction,
    tenant_id: str,
    learned: Sequence[tuple[UUID, Sequence[Identifier]]],
    *,
    now: datetime,
) -> None:
    """Save the customers that identity confirmed, and the keys it recognised them by.

    A customer that our copy knows as merged away stays so.
    """
    customers = sorted({customer for customer, _ in learned})
    by_key = {i.key: (customer, i.level) for customer, own in learned for i in own if i.key}
    rows = [
        {**_key_row(key), "customer_id": customer, "level": level}
        for key, (customer, level) in by_key.items()
    ]
    if customers:
        await tx.execute(_INSERT_ALIASES, {"tenant_id": tenant_id, "ids": customers})
    if rows:
        await tx.execute(
            _SAVE,
            {
                "tenant_id": tenant_id,
                "identifiers": _IDENTIFIERS.values(rows),
                "asserted_at": now - ANSWER_AGE,
            },
        )


def _key_row(key: Key) -> dict[str, str]:
    return dict(zip(_KEY, key, strict=True))
