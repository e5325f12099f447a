"""What others share with a person who is erased: identifiers of many, and other people's rows."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection, Transaction
from identifiers import IdentifierKey
from identity.privacy.store.places import DECISION_VALUES, KEYS

_NEXT_TO_KEY = """
    (SELECT high_type AS type, high_scope AS scope, high_value AS value FROM link
     WHERE tenant_id = :tenant_id AND low_type = key.type AND low_scope = key.scope
       AND low_value = key.value
     OFFSET 0)
    UNION ALL
    (SELECT low_type, low_scope, low_value FROM link
     WHERE high_value = key.value AND high_scope = key.scope AND high_type = key.type
       AND tenant_id = :tenant_id
     OFFSET 0)
"""
_HOLDER = """
    SELECT customer_id FROM identifier
    WHERE tenant_id = :tenant_id AND type = {0}.type AND scope = {0}.scope AND value = {0}.value
    LIMIT 1
"""
# Such as a device beyond what a customer may have, or an identifier in quarantine.
_UNOWNED_NEXT_TO = text(
    f"""
    SELECT DISTINCT other.type, other.scope, other.value
    FROM {KEYS} CROSS JOIN LATERAL ({_NEXT_TO_KEY}) AS other
    WHERE NOT EXISTS ({_HOLDER.format("other")})
    """
)
# What nobody has is still others' if they proved it together with something that they have. A
# group's contact point is the other members', too.
_OF_OTHERS = text(
    f"""
    SELECT key.type, key.scope, key.value
    FROM {KEYS} LEFT JOIN LATERAL ({_HOLDER.format("key")}) AS held ON true
    WHERE held.customer_id <> ALL (cast(:ids AS uuid[]))
       OR (held.customer_id IS NULL AND EXISTS (
            SELECT FROM ({_NEXT_TO_KEY}) AS other
            CROSS JOIN LATERAL ({_HOLDER.format("other")}) AS owner
            WHERE owner.customer_id <> ALL (cast(:ids AS uuid[]))))
       OR EXISTS (
            SELECT FROM group_contact_point AS point
            JOIN group_member AS member
              ON member.tenant_id = :tenant_id AND member.group_id = point.group_id
            WHERE point.tenant_id = :tenant_id AND point.type = key.type
              AND point.scope = key.scope AND point.value = key.value
              AND member.customer_id <> ALL (cast(:ids AS uuid[])))
    """
)
# An identifier that many share stays in quarantine, as that of one of the others.
_PASS_QUARANTINE = text(
    f"""
    WITH shared AS MATERIALIZED (
        SELECT key.type, key.scope, key.value, heir.customer_id
        FROM quarantine AS key CROSS JOIN LATERAL (
            SELECT owner.customer_id
            FROM (SELECT key.type, key.scope, key.value UNION ALL {_NEXT_TO_KEY}) AS other
            CROSS JOIN LATERAL ({_HOLDER.format("other")}) AS owner
            WHERE owner.customer_id <> ALL (cast(:ids AS uuid[]))
            ORDER BY owner.customer_id LIMIT 1) AS heir
        WHERE key.tenant_id = :tenant_id AND key.customer_id = ANY (cast(:ids AS uuid[]))
    )
    UPDATE quarantine
    SET customer_id = shared.customer_id, raw = quarantine.value, birth_dates = '{{}}',
        verified_birth_dates = '{{}}'
    FROM shared
    WHERE quarantine.tenant_id = :tenant_id AND quarantine.type = shared.type
      AND quarantine.scope = shared.scope AND quarantine.value = shared.value
    """
)
_FORGET_BIRTH_DATES = text(
    f"""
    WITH shared AS MATERIALIZED (
        SELECT DISTINCT other.type, other.scope, other.value
        FROM {KEYS} CROSS JOIN LATERAL ({_NEXT_TO_KEY}) AS other
    )
    UPDATE identifier
    SET birth_dates = ARRAY(
            SELECT said FROM unnest(birth_dates) AS said
            WHERE left(said, 10) <> ALL (cast(:days AS text[]))),
        verified_birth_dates = ARRAY(
            SELECT said FROM unnest(verified_birth_dates) AS said
            WHERE left(said, 10) <> ALL (cast(:days AS text[])))
    FROM shared
    WHERE identifier.tenant_id = :tenant_id AND identifier.type = shared.type
      AND identifier.scope = shared.scope AND identifier.value = shared.value
      AND identifier.customer_id <> ALL (cast(:ids AS uuid[]))
      AND EXISTS (SELECT FROM unnest(identifier.birth_dates) AS said
                  WHERE left(said, 10) = ANY (cast(:days AS text[])))
    """
)


# Such as one about two others from whom the person was split since.
_SCRUB_DECISIONS = text(
    f"""
    UPDATE decision
    SET links = coalesce((
            SELECT jsonb_agg(link) FROM jsonb_array_elements(links) AS link
            WHERE link->>'low_value' <> ALL (cast(:values AS text[]))
              AND link->>'high_value' <> ALL (cast(:values AS text[]))), '[]'),
        evidence = coalesce((
            SELECT jsonb_agg(piece) FROM jsonb_array_elements(evidence) AS piece
            WHERE piece->>'value' IS NULL
               OR piece->>'value' <> ALL (cast(:values AS text[]))), '[]')
    WHERE tenant_id = :tenant_id AND {DECISION_VALUES} ?| cast(:values AS text[])
      AND customer_id <> ALL (cast(:ids AS uuid[])) AND other_id <> ALL (cast(:ids AS uuid[]))
    """
)


async def list_unowned_next_to(
    connection: ReadConnection, tenant_id: str, keys: Collection[IdentifierKey]
) -> set[IdentifierKey]:
    """Return the identifiers that nobody has and that were proved together with one of these."""
    if not keys:
        return set()
    rows = await connection.execute(_UNOWNED_NEXT_TO, {"tenant_id": tenant_id, **key_columns(keys)})
    return {IdentifierKey(*row) for row in rows}


async def list_of_others(
    connection: ReadConnection,
    tenant_id: str,
    ids: Sequence[UUID],
    keys: Collection[IdentifierKey],
) -> set[IdentifierKey]:
    """Return which of the identifiers are somebody else's, or somebody else's too."""
    if not keys:
        return set()
    parameters = {"tenant_id": tenant_id, "ids": list(ids), **key_columns(keys)}
    return {IdentifierKey(*row) for row in await connection.execute(_OF_OTHERS, parameters)}


async def mark_shared(
    tx: Transaction,
    tenant_id: str,
    ids: Sequence[UUID],
    keys: Collection[IdentifierKey],
    birth_dates: Collection[str],
) -> None:
    """Take the person out of rows that stay because they are others' too."""
    parameters = {"tenant_id": tenant_id, "ids": list(ids)}
    await tx.execute(_PASS_QUARANTINE, parameters)
    if keys:
        await tx.execute(
            _SCRUB_DECISIONS, {**parameters, "values": sorted({key.value for key in keys})}
        )
    if birth_dates and keys:
        await tx.execute(
            _FORGET_BIRTH_DATES, {**parameters, **key_columns(keys), "days": sorted(birth_dates)}
        )


def key_columns(keys: Collection[IdentifierKey]) -> dict[str, Any]:
    """Return the parameters of ``KEYS``."""
    types, scopes, values = zip(*sorted(keys), strict=True) if keys else ((), (), ())
    return {"types": list(types), "scopes": list(scopes), "values": list(values)}
