"""Writes what a unit of work changed: one statement, and one more if it merged customers."""

from datetime import datetime

from sqlalchemy import text

from common.db import Transaction
from common.runtime import in_turns
from identifiers import NORMALISER_VERSION
from identity.customers.store.search_index import TERMS, UPSERT_TERMS
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
from identity.resolution.store.rows import (
    ALIAS,
    CUSTOMER,
    IDENTIFIER,
    MERGED,
    REDIRECT,
    REPORTED,
    changed_terms,
    customer_rows,
    identifier_rows,
    merge_rows,
    observation_rows,
)
from identity.resolution.store.versions import save_departures

_MAX_EARLIER = 20
"""The versions of an attribute among which a repetition is looked for."""

# An attribute that was cleared is JSON null, which a batch of rows cannot tell from SQL's NULL.
# A value that does not count is left out if its source said the same before: every message of a
# channel may repeat it. The last condition is a safeguard: an identifier is taken only from
# customers that are locked.
SAVE = text(
    f"""
    WITH saved_customers AS (
        INSERT INTO customer
            (tenant_id, {CUSTOMER.names}, updated_at)
        SELECT :tenant_id, {CUSTOMER.names}, :now FROM {CUSTOMER.table("customers")}
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
        FROM {REPORTED.table("observations", "reported")}
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
            (tenant_id, {IDENTIFIER.names}, normaliser_version, has_evidence)
        SELECT :tenant_id, {IDENTIFIER.names}, :normaliser_version, true
        FROM {IDENTIFIER.table("identifiers")}
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
        {REDIRECT.select("redirects")}
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
    INSERT INTO merge_log (tenant_id, {MERGED.names}, merged_at, rules_version)
    SELECT :tenant_id, {MERGED.names}, :now, :rules_version FROM {MERGED.table("merges")}
    """
)


MOVE_ALIASES = text(
    f"""
    UPDATE customer_alias AS alias SET canonical_id = moved.canonical_id
    FROM {ALIAS.table("aliases", "moved")}
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
        "customers": CUSTOMER.values([row async for row in in_turns(customer_rows(pending))]),
        "terms": TERMS.values(list(changed_terms(pending))),
        "created": sorted(pending.created),
        "changed": sorted(pending.changed),
        "observations": REPORTED.values([row async for row in in_turns(observation_rows(pending))]),
        "identifiers": IDENTIFIER.values([row async for row in in_turns(identifier_rows(roster))]),
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
        await tx.execute(MOVE_ALIASES, {"tenant_id": tenant_id, "aliases": ALIAS.values(rows)})
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
        "redirects": REDIRECT.values(redirects),
        "merges": MERGED.values(merge_rows(pending)),
    }
    await tx.execute(MERGE, parameters)
