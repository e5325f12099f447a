"""Evidence as rows: links, claims and quarantine, read and written as JSON."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Columns, Transaction
from identifiers import IdentifierKey
from identity.customers.domain.identifiers import DropReason
from identity.customers.store.customer_json import identifier_from_json
from identity.resolution.domain.graph.claims import Claim
from identity.resolution.domain.graph.evidence import Link, LinkId, Rule
from identity.resolution.domain.graph.quarantine import Quarantined

LINK = Columns(
    {
        "low_type": "text",
        "low_scope": "text",
        "low_value": "text",
        "high_type": "text",
        "high_scope": "text",
        "high_value": "text",
        "rule": "text",
        "first_seen_at": "timestamptz",
        "last_seen_at": "timestamptz",
        "verified_at": "timestamptz",
        "source": "text",
    }
)
LINK_KEY = tuple(LINK.types)[:7]

CLAIM = Columns(
    {
        "type": "text",
        "scope": "text",
        "value": "text",
        "customer_id": "uuid",
        "raw": "text",
        "source": "text",
        "claimed_at": "timestamptz",
        "expires_at": "timestamptz",
    }
)
QUARANTINE = Columns(
    {
        "type": "text",
        "scope": "text",
        "value": "text",
        "customer_id": "uuid",
        "raw": "text",
        "level": "text",
        "source": "text",
        "first_seen_at": "timestamptz",
        "verified_at": "timestamptz",
        "birth_dates": "text[]",
        "verified_birth_dates": "text[]",
        "reason": "text",
        "since": "timestamptz",
        "released_at": "timestamptz",
    }
)
KEY = Columns({"type": "text", "scope": "text", "value": "text"})

MAX_NEIGHBOURS = 500
"""The links of one identifier that are followed in each direction."""

NEIGHBOURS = text(
    f"""
    (SELECT high_type AS type, high_scope AS scope, high_value AS value FROM link
     WHERE tenant_id = :tenant_id AND low_type = :type AND low_scope = :scope
       AND low_value = :value
     LIMIT {MAX_NEIGHBOURS})
    UNION
    (SELECT low_type, low_scope, low_value FROM link
     WHERE high_value = :value AND high_scope = :scope AND high_type = :type
       AND tenant_id = :tenant_id
     LIMIT {MAX_NEIGHBOURS})
    """
)


async def list_neighbours(
    tx: Transaction, tenant_id: str, key: IdentifierKey
) -> list[IdentifierKey]:
    """Return the identifiers to which one is linked, whatever the rule."""
    rows = await tx.execute(NEIGHBOURS, {"tenant_id": tenant_id, **key._asdict()})
    return [IdentifierKey(row.type, row.scope, row.value) for row in rows]


def links_from_json(items: Iterable[Mapping[str, Any]]) -> list[Link]:
    return [
        Link(
            LinkId(
                IdentifierKey(item["low_type"], item["low_scope"], item["low_value"]),
                IdentifierKey(item["high_type"], item["high_scope"], item["high_value"]),
                Rule(item["rule"]),
            ),
            _time(item["first_seen_at"]),
            _time(item["last_seen_at"]),
            None if item["verified_at"] is None else _time(item["verified_at"]),
            item["source"],
        )
        for item in items
    ]


def link_row(link: Link) -> dict[str, Any]:
    low, high, rule = link.id
    return {
        **{f"low_{name}": part for name, part in low._asdict().items()},
        **{f"high_{name}": part for name, part in high._asdict().items()},
        "rule": rule.value,
        "first_seen_at": link.first_seen_at,
        "last_seen_at": link.last_seen_at,
        "verified_at": link.verified_at,
        "source": link.source,
    }


def claims_from_json(items: Iterable[Mapping[str, Any]]) -> list[Claim]:
    return [
        Claim(
            IdentifierKey(item["type"], item["scope"], item["value"]),
            UUID(item["customer_id"]),
            item["raw"],
            item["source"],
            _time(item["claimed_at"]),
            _time(item["expires_at"]),
        )
        for item in items
    ]


def claim_row(claim: Claim) -> dict[str, Any]:
    return {
        **claim.key._asdict(),
        "customer_id": claim.customer_id,
        "raw": claim.raw,
        "source": claim.source,
        "claimed_at": claim.claimed_at,
        "expires_at": claim.expires_at,
    }


def quarantine_from_json(items: Iterable[Mapping[str, Any]]) -> list[Quarantined]:
    return [
        Quarantined(
            identifier_from_json({**item, "has_evidence": True}),
            UUID(item["customer_id"]),
            DropReason(item["reason"]),
            _time(item["since"]),
            None if item["released_at"] is None else _time(item["released_at"]),
        )
        for item in items
    ]


def quarantine_row(entry: Quarantined) -> dict[str, Any]:
    identifier = entry.identifier
    return {
        **entry.key._asdict(),
        "customer_id": entry.customer_id,
        "raw": identifier.raw,
        "level": identifier.level.label,
        "source": identifier.source,
        "first_seen_at": identifier.first_seen_at,
        "verified_at": identifier.verified_at,
        "birth_dates": sorted(identifier.birth_dates),
        "verified_birth_dates": sorted(identifier.verified_birth_dates),
        "reason": entry.reason.value,
        "since": entry.since,
        "released_at": entry.released_at,
    }


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
