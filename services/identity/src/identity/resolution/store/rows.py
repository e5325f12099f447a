"""What a unit of work changed, as rows: the columns of each table, and what fills them."""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from common.db import Columns, bytea_text
from common.jsons import dumps
from identity.customers.domain.attributes import Observation
from identity.customers.domain.changes import (
    CustomerCreated,
    CustomersMerged,
    CustomerUnmerged,
    CustomerUpdated,
)
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Level
from identity.customers.store.customer_json import attributes_to_json, customer_to_json
from identity.customers.store.search_index import terms_row
from identity.resolution.domain.roster import PendingWrites, Roster

CUSTOMER = Columns(
    {
        "id": "uuid",
        "version": "bigint",
        "created_at": "timestamptz",
        "attributes": "jsonb",
        "merged_into": "uuid",
    }
)
OBSERVATION = Columns(
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
REPORTED = Columns({**OBSERVATION.types, "counts": "boolean"})
IDENTIFIER = Columns(
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
ALIAS = Columns({"origin_id": "uuid", "canonical_id": "uuid"})
REDIRECT = Columns({"absorbed_id": "uuid", "survivor_id": "uuid"})
MERGED = Columns(
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


def customer_rows(pending: PendingWrites) -> Iterator[dict[str, Any]]:
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


def changed_terms(pending: PendingWrites) -> Iterator[dict[str, Any]]:
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


def observation_rows(pending: PendingWrites) -> Iterator[dict[str, Any]]:
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


def identifier_rows(roster: Roster) -> Iterator[dict[str, Any]]:
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


def merge_rows(pending: PendingWrites) -> list[dict[str, Any]]:
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
