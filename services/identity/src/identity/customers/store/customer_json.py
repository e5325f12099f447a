"""Customers as JSON and back: the columns of their rows, and before-images in the merge log."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.attributes import Attributes, AttributeValue
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Identifier, Level


def attributes_to_json(attributes: Attributes) -> dict[str, Any]:
    return {
        name: {
            "value": attribute.value,
            "source": attribute.source,
            "observed_at": attribute.observed_at,
            "ingested_at": attribute.ingested_at,
            "verified": attribute.level is Level.VERIFIED,  # Read by the version before this one.
            "level": attribute.level.label,
            "priority": attribute.priority,
            "sequence": attribute.sequence,
            "kept": attribute.is_kept,
            "carriers": attribute.carriers,
        }
        for name, attribute in attributes.items()
    }


def attributes_from_json(members: Mapping[str, Any]) -> Attributes:
    """Return stored attributes; of an older version's, only whether they are verified is known."""
    return {
        name: AttributeValue(
            value=attribute["value"],
            source=attribute["source"],
            observed_at=datetime.fromisoformat(attribute["observed_at"]),
            ingested_at=datetime.fromisoformat(attribute["ingested_at"]),
            level=Level.parse(attribute.get("level") or _old_level(attribute)),
            priority=attribute.get("priority", 0),
            sequence=attribute.get("sequence", 0),
            is_kept=attribute.get("kept", True),
            carriers=tuple(attribute.get("carriers", ())),
        )
        for name, attribute in members.items()
    }


def _old_level(attribute: Mapping[str, Any]) -> str:
    return "verified" if attribute["verified"] else "claimed"


def identifiers_to_json(identifiers: Iterable[Identifier]) -> list[dict[str, Any]]:
    return [
        {
            "type": identifier.key.type,
            "scope": identifier.key.scope,
            "value": identifier.key.value,
            "raw": identifier.raw,
            "level": identifier.level.label,
            "source": identifier.source,
            "first_seen_at": identifier.first_seen_at,
            "verified_at": identifier.verified_at,
            "birth_dates": sorted(identifier.birth_dates),
            "verified_birth_dates": sorted(identifier.verified_birth_dates),
            "has_evidence": identifier.has_evidence,
        }
        for identifier in identifiers
    ]


def identifiers_from_json(
    items: Iterable[Mapping[str, Any]],
) -> dict[IdentifierKey, Identifier]:
    identifiers = (identifier_from_json(item) for item in items)
    return {identifier.key: identifier for identifier in identifiers}


def identifier_from_json(item: Mapping[str, Any]) -> Identifier:
    """Return the identifier; one that was stored before evidence lacks what evidence needs."""
    level = Level.parse(item["level"])
    verified_at = item.get("verified_at")
    if verified_at is None and level is Level.VERIFIED:
        verified_at = item["first_seen_at"]
    return Identifier(
        key=IdentifierKey(item["type"], item["scope"], item["value"]),
        raw=item["raw"],
        level=level,
        source=item["source"],
        first_seen_at=datetime.fromisoformat(item["first_seen_at"]),
        verified_at=None if verified_at is None else datetime.fromisoformat(verified_at),
        birth_dates=frozenset(item.get("birth_dates") or ()),
        verified_birth_dates=frozenset(item.get("verified_birth_dates") or ()),
        has_evidence=item.get("has_evidence", False),
    )


def customer_to_json(customer: Customer) -> dict[str, Any]:
    """Return the before-image of a customer: everything that undoing a merge needs."""
    return {
        "customer_id": customer.id,
        "version": customer.version,
        "created_at": customer.created_at,
        "attributes": attributes_to_json(customer.attributes),
        "identifiers": identifiers_to_json(customer.identifiers.values()),
        "merged_ids": customer.merged_ids,
    }


def customer_from_json(image: Mapping[str, Any]) -> Customer:
    """Return the customer of a before-image. Undoing merges, which is to come, starts here."""
    return Customer(
        id=UUID(image["customer_id"]),
        version=image["version"],
        created_at=datetime.fromisoformat(image["created_at"]),
        identifiers=identifiers_from_json(image["identifiers"]),
        attributes=attributes_from_json(image["attributes"]),
        merged_ids=tuple(UUID(merged_id) for merged_id in image["merged_ids"]),
    )
