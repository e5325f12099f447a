"""Writes what a unit of work changed: one statement, and one more when customers were merged."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import text

from common.db import Transaction
from common.jsons import dumps, dumps_text
from identity.customers.domain.attributes import AttributeValue
from identity.customers.domain.normalisation import NORMALISER_VERSION
from identity.customers.store.customer_json import attributes_to_json, customer_to_json
from identity.resolution.domain.roster import Roster

# The condition at the end is a last defence: whatever went wrong, an identifier is never taken from
# a customer that was not merged.
SAVE = text("""
WITH customers AS (
    INSERT INTO customer (tenant_id, id, version, created_at, updated_at, attributes, merged_into)
    SELECT :tenant_id, id, version, created_at, :now, cast(attributes AS jsonb), merged_into
      FROM unnest(cast(:ids AS uuid[]), cast(:versions AS bigint[]),
                  cast(:created_at AS timestamptz[]), cast(:attributes AS text[]),
                  cast(:merged_into AS uuid[]))
           AS changed (id, version, created_at, attributes, merged_into)
        ON CONFLICT (tenant_id, id) DO UPDATE
       SET version = excluded.version, updated_at = excluded.updated_at,
           attributes = excluded.attributes, merged_into = excluded.merged_into
), aliases AS (
    INSERT INTO customer_alias (tenant_id, origin_id, canonical_id)
    SELECT :tenant_id, id, id FROM unnest(cast(:created AS uuid[])) AS created (id)
), observations AS (
    INSERT INTO attribute_observation (tenant_id, customer_id, name, observed_at, digest, value,
                                       source, verified, ingested_at)
    SELECT :tenant_id, customer_id, name, observed_at, digest, cast(value AS jsonb), source,
           verified, ingested_at
      FROM unnest(cast(:told_for AS uuid[]), cast(:names AS text[]),
                  cast(:observed AS timestamptz[]), cast(:digests AS bytea[]),
                  cast(:told AS text[]), cast(:told_by AS text[]), cast(:verified AS boolean[]),
                  cast(:ingested AS timestamptz[]))
           AS told (customer_id, name, observed_at, digest, value, source, verified, ingested_at)
        ON CONFLICT DO NOTHING
), links AS (
    INSERT INTO identifier (tenant_id, type, scope, value, raw, level, customer_id, source,
                            normaliser_version, first_seen_at)
    SELECT :tenant_id, type, scope, value, raw, level, customer_id, source, :normaliser_version,
           first_seen_at
      FROM unnest(cast(:types AS text[]), cast(:scopes AS text[]), cast(:values AS text[]),
                  cast(:raws AS text[]), cast(:levels AS text[]), cast(:owners AS uuid[]),
                  cast(:sources AS text[]), cast(:first_seen AS timestamptz[]))
           AS linked (type, scope, value, raw, level, customer_id, source, first_seen_at)
        ON CONFLICT (tenant_id, type, scope, value) DO UPDATE
       SET level = excluded.level, customer_id = excluded.customer_id
     WHERE identifier.customer_id = excluded.customer_id
        OR identifier.customer_id = ANY(cast(:absorbed AS uuid[]))
    RETURNING 1
)
SELECT count(*) FROM links
""")

MERGE = text("""
WITH redirect AS (
    SELECT * FROM unnest(cast(:absorbed AS uuid[]), cast(:survivors AS uuid[]))
                  AS redirect (absorbed_id, survivor_id)
), aliases AS (
    UPDATE customer_alias AS alias SET canonical_id = redirect.survivor_id FROM redirect
     WHERE alias.tenant_id = :tenant_id AND alias.canonical_id = redirect.absorbed_id
), links AS (
    UPDATE identifier SET customer_id = redirect.survivor_id FROM redirect
     WHERE identifier.tenant_id = :tenant_id AND identifier.customer_id = redirect.absorbed_id
)
INSERT INTO merge_log (tenant_id, merge_id, survivor_id, absorbed_ids, reason, rule, actor,
                       evidence, before, merged_at)
SELECT :tenant_id, cast(merge ->> 'merge_id' AS uuid), cast(merge ->> 'survivor_id' AS uuid),
       ARRAY(SELECT cast(jsonb_array_elements_text(merge -> 'absorbed_ids') AS uuid)),
       merge ->> 'reason', merge ->> 'rule', merge ->> 'actor', merge -> 'evidence',
       merge -> 'before', :now
  FROM jsonb_array_elements(cast(:merges AS jsonb)) AS merge
""")


async def save_roster(tx: Transaction, tenant_id: str, roster: Roster, *, now: datetime) -> None:
    """Write the roster's changes. The caller holds the locks of everything on it."""
    changes = roster.pending
    about = {"tenant_id": tenant_id, "now": now, "absorbed": list(changes.redirects)}
    parameters = about | _customers(roster) | _observations(roster) | _links(roster)
    linked = (await tx.execute(SAVE, parameters)).scalar_one()
    if linked != len(changes.links):
        raise RuntimeError("an identifier to be linked belongs to another customer")
    if changes.merges:
        survivors = list(changes.redirects.values())
        await tx.execute(MERGE, about | {"survivors": survivors, "merges": _merges(roster)})


def _customers(roster: Roster) -> dict[str, Any]:
    changed = list(roster.pending.customers.values())
    return {
        "created": sorted(roster.pending.created),
        "ids": [customer.id for customer in changed],
        "versions": [customer.version for customer in changed],
        "created_at": [customer.created_at for customer in changed],
        "attributes": [dumps_text(attributes_to_json(customer.attributes)) for customer in changed],
        "merged_into": [roster.pending.redirects.get(customer.id) for customer in changed],
    }


def _links(roster: Roster) -> dict[str, Any]:
    links = roster.pending.links
    return {
        "normaliser_version": NORMALISER_VERSION,
        "types": [key.type for key in links],
        "scopes": [key.scope for key in links],
        "values": [key.value for key in links],
        "raws": [identifier.raw for identifier in links.values()],
        "levels": [identifier.level.label for identifier in links.values()],
        "owners": [owner.id for key in links if (owner := roster.owner(key)) is not None],
        "sources": [identifier.source for identifier in links.values()],
        "first_seen": [identifier.first_seen_at for identifier in links.values()],
    }


def _observations(roster: Roster) -> dict[str, Any]:
    told = roster.pending.observations
    values = [observation.value for _, observation in told]
    return {
        "told_for": [customer_id for customer_id, _ in told],
        "names": [observation.name for _, observation in told],
        "observed": [value.observed_at for value in values],
        "digests": _digests(values),
        "told": [dumps_text(value.value) for value in values],
        "told_by": [value.source for value in values],
        "verified": [value.verified for value in values],
        "ingested": [value.ingested_at for value in values],
    }


def _digests(values: Iterable[AttributeValue]) -> list[bytes]:
    return [
        blake2b(dumps([value.value, value.source, value.verified]), digest_size=16).digest()
        for value in values
    ]


def _merges(roster: Roster) -> str:
    return dumps_text(
        [
            {
                "merge_id": merge.id,
                "survivor_id": merge.survivor_id,
                "absorbed_ids": merge.absorbed_ids,
                "reason": merge.cause.reason,
                "rule": merge.cause.rule,
                "actor": merge.cause.actor,
                "evidence": merge.cause.evidence,
                "before": [customer_to_json(customer) for customer in merge.before],
            }
            for merge in roster.pending.merges
        ]
    )
