"""Writes what a unit of work changed: one statement, and one more if it merged customers."""

from collections.abc import Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import text

from common.db import Columns, Transaction, bytea_text
from common.jsons import dumps
from common.runtime import in_turns
from identifiers import NORMALISER_VERSION
from identity.customers.domain.attributes import Observation
from identity.customers.domain.changes import (
    CustomerCreated,
    CustomersMerged,
    CustomerUnmerged,
    CustomerUpdated,
)
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Level
from identity.customers.store.customer_json import (
    attributes_to_json,
    customer_to_json,
)
from identity.customers.store.search_index import TERMS, UPSERT_TERMS, terms_row
from identity.resolution.domain.roster import PendingWrites, Roster
from identity.resolution.store.decisions import insert_decisions, mark_withdrawn
from identity.resolution.store.links import (
    CLAIM,
    KEY,
    LINK,
    LINK_KEY,
    QUARANTINE,
    claim_row,
    link_row,
    quarantine_row,
)
from identity.resolution.store.versions import save_departures

_MAX_EARLIER = 20
"""The versions of an attribute among which a repetition is looked for."""

_CUSTOMER = Columns(
    {
        "id": "uuid",
        "version": "bigint",
        "created_at": "timestamptz",
        "attributes": "jsonb",
        "merged_into": "uuid",
    }
)
_OBSERVATION = Columns(
    {
        "customer_id": "uuid",
        "name": "text",
        "observed_at": "timestamptz",
        "digest": "bytea",
        "value": "jsonb",
        "source": "text",
        "verified": "boolean",
        "ingested_at": "timestamptz",
        "level": "text",
        "priority": "integer",
        "sequence": "bigint",
        "is_claim": "boolean",
        "carriers": "jsonb",
    }
)
_REPORTED = Columns({**_OBSERVATION.types, "counts": "boolean"})
_IDENTIFIER = Columns(
    {
        "type": "text",
        "scope": "text",
        "value": "text",
        "raw": "text",
        "level": "text",
        "customer_id": "uuid",
        "source": "text",
        "first_seen_at": "timestamptz",
        "verified_at": "timestamptz",
        "birth_dates": "text[]",
        "verified_birth_dates": "text[]",
    }
)
_ALIAS = Columns({"origin_id": "uuid", "canonical_id": "uuid"})
_REDIRECT = Columns({"absorbed_id": "uuid", "survivor_id": "uuid"})
_MERGE = Columns(
    {
        "merge_id": "uuid",
        "survivor_id": "uuid",
        "absorbed_ids": "uuid[]",
        "reason": "text",
        "rule": "text",
        "actor": "text",
        "evidence": "jsonb",
        "before": "jsonb",
    }
)

# An attribute that was cleared is JSON null, which a batch of rows cannot tell from SQL's NULL.
# A value that does not count is left out if its source said the same before: every message of a
# channel may repeat it. The last condition is a safeguard: an identifier is taken only from
# customers that are locked.
SAVE = text(
    f"""
    WITH saved_customers AS (
        INSERT INTO customer
            (tenant_id, {_CUSTOMER.names}, updated_at)
        SELECT :tenant_id, {_CUSTOMER.names}, :now FROM {_CUSTOMER.table("customers")}
        ON CONFLICT (tenant_id, id) DO UPDATE
        SET version = excluded.version, attributes = excluded.attributes,
            merged_into = excluded.merged_into, retired_at = NULL,
            updated_at = CASE WHEN excluded.version > customer.version
                              THEN excluded.updated_at ELSE customer.updated_at END
    ), saved_terms AS (
        {UPSERT_TERMS}
    ), queued AS (
        INSERT INTO match_queue (tenant_id, customer_id)
        SELECT :tenant_id, id FROM unnest(cast(:changed AS uuid[])) AS changed (id)
    ), saved_aliases AS (
        INSERT INTO customer_alias (tenant_id, origin_id, canonical_id)
        SELECT :tenant_id, id, id FROM unnest(cast(:created AS uuid[])) AS created (id)
    ), saved_observations AS (
        INSERT INTO attribute_observation
            (tenant_id, customer_id, name, observed_at, digest, value, source, verified,
             ingested_at, level, priority, sequence, is_claim, carriers)
        SELECT :tenant_id, customer_id, name, observed_at, digest,
               coalesce(value, cast('null' AS jsonb)), source, verified, ingested_at, level,
               priority, sequence, is_claim, carriers
        FROM {_REPORTED.table("observations", "reported")}
        WHERE counts OR NOT EXISTS (
            SELECT FROM (
                SELECT earlier.digest FROM (
                    SELECT * FROM attribute_observation AS any_earlier
                    WHERE any_earlier.tenant_id = :tenant_id
                      AND any_earlier.customer_id = reported.customer_id
                      AND any_earlier.name = reported.name
                      AND any_earlier.observed_at <= reported.observed_at
                    ORDER BY any_earlier.observed_at DESC
                    LIMIT {_MAX_EARLIER}) AS earlier
                WHERE earlier.source IS NOT DISTINCT FROM reported.source
                  AND earlier.carriers = reported.carriers
                ORDER BY earlier.observed_at DESC
                LIMIT 1) AS latest
            WHERE latest.digest = reported.digest)
        ON CONFLICT DO NOTHING
    ), saved_identifiers AS (
        INSERT INTO identifier
            (tenant_id, {_IDENTIFIER.names}, normaliser_version, has_evidence)
        SELECT :tenant_id, {_IDENTIFIER.names}, :normaliser_version, true
        FROM {_IDENTIFIER.table("identifiers")}
        ON CONFLICT (tenant_id, type, scope, value) DO UPDATE
        SET level = excluded.level, customer_id = excluded.customer_id,
            first_seen_at = excluded.first_seen_at, verified_at = excluded.verified_at,
            birth_dates = excluded.birth_dates,
            verified_birth_dates = excluded.verified_birth_dates, has_evidence = true
        WHERE identifier.customer_id = excluded.customer_id
           OR identifier.customer_id = ANY(cast(:locked AS uuid[]))
        RETURNING 1
    ), saved_links AS (
        INSERT INTO link (tenant_id, {LINK.names})
        SELECT :tenant_id, {LINK.names} FROM {LINK.table("links")}
        ON CONFLICT (tenant_id, {", ".join(LINK_KEY)}) DO UPDATE
        SET {LINK.overwrite(key=LINK_KEY)}
    ), saved_claims AS (
        INSERT INTO claim (tenant_id, {CLAIM.names})
        SELECT :tenant_id, {CLAIM.names} FROM {CLAIM.table("claims")}
        ON CONFLICT (tenant_id, type, scope, value, customer_id) DO UPDATE
        SET claimed_at = excluded.claimed_at, expires_at = excluded.expires_at
    )
    SELECT count(*) FROM saved_identifiers
    """
)

MERGE = text(
    f"""
    WITH redirect AS (
        {_REDIRECT.select("redirects")}
    ), redirected_aliases AS (
        UPDATE customer_alias AS alias
        SET canonical_id = redirect.survivor_id
        FROM redirect
        WHERE alias.tenant_id = :tenant_id AND alias.canonical_id = redirect.absorbed_id
    ), forgotten_terms AS (
        DELETE FROM customer_search AS terms USING redirect
        WHERE terms.tenant_id = :tenant_id AND terms.customer_id = redirect.absorbed_id
    ), redirected_identifiers AS (
        UPDATE identifier
        SET customer_id = redirect.survivor_id
        FROM redirect
        WHERE identifier.tenant_id = :tenant_id AND identifier.customer_id = redirect.absorbed_id
    )
    INSERT INTO merge_log (tenant_id, {_MERGE.names}, merged_at, rules_version)
    SELECT :tenant_id, {_MERGE.names}, :now, :rules_version FROM {_MERGE.table("merges")}
    """
)


MOVE_ALIASES = text(
    f"""
    UPDATE customer_alias AS alias SET canonical_id = moved.canonical_id
    FROM {_ALIAS.table("aliases", "moved")}
    WHERE alias.tenant_id = :tenant_id AND alias.origin_id = moved.origin_id
    """
)

DELETE_IDENTIFIERS = text(
    f"""
    DELETE FROM identifier USING {KEY.table("keys", "gone")}
    WHERE identifier.tenant_id = :tenant_id AND identifier.type = gone.type
      AND identifier.scope = gone.scope AND identifier.value = gone.value
    """
)

QUARANTINE_IDENTIFIERS = text(
    f"""
    WITH recovered AS (
        DELETE FROM quarantine USING {KEY.table("recovered", "gone")}
        WHERE quarantine.tenant_id = :tenant_id AND quarantine.type = gone.type
          AND quarantine.scope = gone.scope AND quarantine.value = gone.value
    )
    INSERT INTO quarantine (tenant_id, {QUARANTINE.names}, rules_version)
    SELECT :tenant_id, {QUARANTINE.names}, :rules_version
    FROM {QUARANTINE.table("quarantined")}
    ON CONFLICT (tenant_id, type, scope, value) DO UPDATE
    SET {QUARANTINE.overwrite(key=("type", "scope", "value"))},
        rules_version = excluded.rules_version
    """
)


async def save_roster(tx: Transaction, tenant_id: str, roster: Roster, *, now: datetime) -> None:
    """Write the pending writes of the roster. The caller has locked everything on it.

    Raises RuntimeError if an identifier belongs to a customer that is not on the roster.
    """
    pending = roster.pending
    if pending.unlinks:
        keys = [key._asdict() for key in sorted(pending.unlinks)]
        gone = {"tenant_id": tenant_id, "keys": KEY.values(keys)}
        await tx.execute(DELETE_IDENTIFIERS, gone)
    if pending.withdrawals or pending.removed_links:
        await mark_withdrawn(tx, tenant_id, pending, now=now)
    parameters = {
        "tenant_id": tenant_id,
        "now": now,
        "normaliser_version": NORMALISER_VERSION,
        "customers": _CUSTOMER.values([row async for row in in_turns(_customer_rows(pending))]),
        "terms": TERMS.values(list(_changed_terms(pending))),
        "created": sorted(pending.created),
        "changed": sorted(pending.changed),
        "observations": _REPORTED.values(
            [row async for row in in_turns(_observation_rows(pending))]
        ),
        "identifiers": _IDENTIFIER.values(
            [row async for row in in_turns(_identifier_rows(roster))]
        ),
        "locked": [*roster.customer_ids, *pending.redirects],
        "links": LINK.values(
            [row async for row in in_turns(map(link_row, pending.evidence.values()))]
        ),
        "claims": CLAIM.values([claim_row(claim) for claim in pending.claims.values()]),
    }
    saved_identifiers = (await tx.execute(SAVE, parameters)).scalar_one()
    if saved_identifiers != len(pending.links):
        raise RuntimeError("an identifier to be linked belongs to another customer")
    await save_departures(tx, tenant_id, pending.departures, now=now)
    if pending.quarantined or pending.recovered:
        await _save_quarantine(tx, tenant_id, pending)
    if pending.merges:
        await _save_merges(tx, tenant_id, pending, now=now)
    if pending.realiased:
        rows = [
            {"origin_id": origin_id, "canonical_id": pending.redirects.get(restored, restored)}
            for origin_id, restored in pending.realiased.items()
        ]
        await tx.execute(MOVE_ALIASES, {"tenant_id": tenant_id, "aliases": _ALIAS.values(rows)})
    if pending.decisions:
        await insert_decisions(tx, tenant_id, pending, now=now)


async def _save_quarantine(tx: Transaction, tenant_id: str, pending: PendingWrites) -> None:
    parameters = {
        "tenant_id": tenant_id,
        "rules_version": pending.rules_version,
        "recovered": KEY.values([key._asdict() for key in sorted(pending.recovered)]),
        "quarantined": QUARANTINE.values(
            [quarantine_row(entry) for entry in pending.quarantined.values()]
        ),
    }
    await tx.execute(QUARANTINE_IDENTIFIERS, parameters)


async def _save_merges(
    tx: Transaction, tenant_id: str, pending: PendingWrites, *, now: datetime
) -> None:
    redirects = [
        {"absorbed_id": absorbed_id, "survivor_id": survivor_id}
        for absorbed_id, survivor_id in pending.redirects.items()
    ]
    parameters = {
        "tenant_id": tenant_id,
        "now": now,
        "rules_version": pending.rules_version,
        "redirects": _REDIRECT.values(redirects),
        "merges": _MERGE.values(_merge_rows(pending)),
    }
    await tx.execute(MERGE, parameters)


def _customer_rows(pending: PendingWrites) -> Iterator[dict[str, Any]]:
    return (
        {
            "id": customer.id,
            "version": customer.version,
            "created_at": customer.created_at,
            "attributes": attributes_to_json(customer.attributes),
            "merged_into": pending.redirects.get(customer.id),
        }
        for customer in pending.customers.values()
    )


def _changed_terms(pending: PendingWrites) -> Iterator[dict[str, Any]]:
    """Yield what finds the customers whose visible attributes changed."""
    changed = {
        change.customer.id
        for change in pending.changes
        if isinstance(
            change, CustomerCreated | CustomerUpdated | CustomersMerged | CustomerUnmerged
        )
    }
    for customer_id in changed - pending.redirects.keys():
        yield terms_row(pending.customers[customer_id])


def _observation_rows(pending: PendingWrites) -> Iterator[dict[str, Any]]:
    return (
        {
            "customer_id": customer_id,
            "name": observation.name,
            "observed_at": observation.value.observed_at,
            "digest": bytea_text(_digest(observation, counts=counts)),
            "value": observation.value.value,
            "source": observation.value.source,
            "verified": observation.value.level is Level.VERIFIED,
            "ingested_at": observation.value.ingested_at,
            "level": observation.value.level.label,
            "priority": observation.value.priority,
            "sequence": observation.value.sequence,
            "is_claim": observation.is_claim,
            "carriers": observation.value.carriers,
            "counts": counts,
        }
        for customer_id, observation in pending.observations
        for counts in (_counts(pending.customers.get(customer_id), observation),)
    )


def _identifier_rows(roster: Roster) -> Iterator[dict[str, Any]]:
    return (
        {
            "type": key.type,
            "scope": key.scope,
            "value": key.value,
            "raw": identifier.raw,
            "level": identifier.level.label,
            "customer_id": owner.id,
            "source": identifier.source,
            "first_seen_at": identifier.first_seen_at,
            "verified_at": identifier.verified_at,
            "birth_dates": sorted(identifier.birth_dates),
            "verified_birth_dates": sorted(identifier.verified_birth_dates),
        }
        for key, identifier in roster.pending.links.items()
        if (owner := roster.owner(key)) is not None
    )


def _merge_rows(pending: PendingWrites) -> list[dict[str, Any]]:
    return [
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
        for merge in pending.merges
    ]


def _counts(customer: Customer | None, observation: Observation) -> bool:
    current = None if customer is None else customer.attributes.get(observation.name)
    return current == observation.value and not observation.is_repeat


def _digest(observation: Observation, *, counts: bool) -> bytes:
    """Return what tells one observation from another at the same time.

    A value that counts is another one each time; the others are the same however often they come.
    """
    value = observation.value
    content = [
        value.value, value.source, value.level, value.priority, observation.is_claim,
        value.carriers,
    ]  # fmt: skip
    if counts:
        content.append(value.sequence)
    return blake2b(dumps(content), digest_size=16).digest()
