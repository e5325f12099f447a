"""The log of merges: which entries a person is in, and those entries without the person."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Columns, ReadConnection, Transaction
from identifiers import IdentifierKey
from identity.privacy.domain.images import scrub_evidence, scrub_images

IMAGE_VALUES = "jsonb_path_query_array(before, '$[*].identifiers[*].value')"
"""What the index of the log is on."""

_OWN = """
    SELECT merge_id, survivor_id, absorbed_ids FROM merge_log
    WHERE tenant_id = :tenant_id AND survivor_id = ANY (cast(:ids AS uuid[]))
    UNION
    SELECT merge_id, survivor_id, absorbed_ids FROM merge_log
    WHERE tenant_id = :tenant_id AND absorbed_ids && cast(:ids AS uuid[])
"""
_LIST_OWN = text(
    f"""
    SELECT log.merge_id, log.survivor_id, log.absorbed_ids, log.evidence, log.before
    FROM ({_OWN}) AS own
    JOIN merge_log AS log ON log.tenant_id = :tenant_id AND log.merge_id = own.merge_id
    """
)
# What others took over while they were one with the person is in the images of their later merges;
# a person who was split from somebody is in the images of that customer's merges.
_LIST_SHARED = text(
    f"""
    WITH own AS MATERIALIZED ({_OWN}), partner AS MATERIALIZED (
        SELECT array_agg(id) AS ids
        FROM (SELECT survivor_id AS id FROM own UNION SELECT unnest(absorbed_ids) FROM own) AS ids
    ), concerned AS MATERIALIZED (
        SELECT merge_id FROM merge_log
        WHERE tenant_id = :tenant_id AND survivor_id = ANY ((SELECT ids FROM partner)::uuid[])
        UNION
        SELECT merge_id FROM merge_log
        WHERE tenant_id = :tenant_id AND absorbed_ids && (SELECT ids FROM partner)
        UNION
        SELECT merge_id FROM merge_log
        WHERE tenant_id = :tenant_id AND {IMAGE_VALUES} ?| cast(:key_values AS text[])
    )
    SELECT log.merge_id, log.survivor_id, log.absorbed_ids, log.evidence, log.before
    FROM concerned
    JOIN merge_log AS log ON log.tenant_id = :tenant_id AND log.merge_id = concerned.merge_id
    ORDER BY log.merge_id
    """
)
_ATTRIBUTES = text(
    """
    SELECT name, value, observed_at FROM attribute_observation
    WHERE tenant_id = :tenant_id AND customer_id = ANY (cast(:ids AS uuid[]))
    """
)
_DELETE = text(
    """
    DELETE FROM merge_log
    WHERE tenant_id = :tenant_id AND merge_id = ANY (cast(:merges AS uuid[]))
    """
)
_SCRUBBED = Columns(
    {"merge_id": "uuid", "before": "jsonb", "evidence": "jsonb", "is_own": "boolean"}
)
_SCRUB = text(
    f"""
    UPDATE merge_log AS log
    SET before = scrubbed.before, evidence = scrubbed.evidence,
        reason = CASE WHEN scrubbed.is_own THEN 'erased' ELSE log.reason END
    FROM {_SCRUBBED.table("merges", "scrubbed")}
    WHERE log.tenant_id = :tenant_id AND log.merge_id = scrubbed.merge_id
    """
)


@dataclass(frozen=True, slots=True)
class Traces:
    """By what a person is found in other people's entries."""

    ids: Sequence[UUID]
    keys: Collection[IdentifierKey]
    birth_dates: Collection[str]


async def list_own_merges(
    connection: ReadConnection, tenant_id: str, ids: Sequence[UUID]
) -> list[Any]:
    """Return the merges that the person took part in."""
    asked = {"tenant_id": tenant_id, "ids": list(ids)}
    return list(await connection.execute(_LIST_OWN, asked))


async def delete_merges(tx: Transaction, tenant_id: str, traces: Traces) -> int:
    """Take the person out of the log, and return the number of merges that they took part in.

    What was theirs alone is deleted. Entries of others lose the person only.
    """
    ids = set(traces.ids)
    asked = {"tenant_id": tenant_id, "ids": list(traces.ids)}
    values = sorted({key.value for key in traces.keys})
    merges = (await tx.execute(_LIST_SHARED, {**asked, "key_values": values})).all()
    own = {m.merge_id for m in merges if ids & {m.survivor_id, *m.absorbed_ids}}
    alone = {m.merge_id for m in merges if {m.survivor_id, *m.absorbed_ids} <= ids}
    if alone:
        await tx.execute(_DELETE, {**asked, "merges": sorted(alone)})
    others = [merge for merge in merges if merge.merge_id not in alone]
    if others:
        told = [dict(row) for row in (await tx.execute(_ATTRIBUTES, asked)).mappings()]
        rows = list(_scrubbed(others, traces, told, own))
        await tx.execute(_SCRUB, {"tenant_id": tenant_id, "merges": _SCRUBBED.values(rows)})
    return len(own)


def _scrubbed(
    merges: Iterable[Any], traces: Traces, told: Sequence[Any], own: Collection[UUID]
) -> Iterable[dict[str, Any]]:
    for merge in merges:
        yield {
            "merge_id": merge.merge_id,
            "before": scrub_images(
                merge.before, traces.ids, traces.keys, told, birth_dates=traces.birth_dates
            ),
            "evidence": scrub_evidence(merge.evidence, traces.ids, traces.keys),
            "is_own": merge.merge_id in own,
        }
