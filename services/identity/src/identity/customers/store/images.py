"""Customers as JSON and back: in their own rows, and as before-images in the log of merges."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from identity.customers.domain.attributes import Attributes, AttributeValue
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Identifier, Key, Level


def attributes_image(attributes: Attributes) -> dict[str, Any]:
    return {
        name: {
            "value": held.value,
            "source": held.source,
            "observed_at": held.observed_at,
            "ingested_at": held.ingested_at,
            "verified": held.verified,
        }
        for name, held in attributes.items()
    }


def read_attributes(image: Mapping[str, Any]) -> Attributes:
    return {
        name: AttributeValue(
            value=held["value"],
            source=held["source"],
            observed_at=datetime.fromisoformat(held["observed_at"]),
            ingested_at=datetime.fromisoformat(held["ingested_at"]),
            verified=held["verified"],
        )
        for name, held in image.items()
    }


def identifiers_image(identifiers: Iterable[Identifier]) -> list[dict[str, Any]]:
    return [
        {
            "type": identifier.key.type,
            "scope": identifier.key.scope,
            "value": identifier.key.value,
            "raw": identifier.raw,
            "level": identifier.level.label,
            "source": identifier.source,
            "first_seen_at": identifier.first_seen_at,
        }
        for identifier in identifiers
    ]


def read_identifiers(image: Iterable[Mapping[str, Any]]) -> dict[Key, Identifier]:
    identifiers = (
        Identifier(
            key=Key(one["type"], one["scope"], one["value"]),
            raw=one["raw"],
            level=Level.parse(one["level"]),
            source=one["source"],
            first_seen_at=datetime.fromisoformat(one["first_seen_at"]),
        )
        for one in image
    )
    return {identifier.key: identifier for identifier in identifiers}


def customer_image(customer: Customer) -> dict[str, Any]:
    """Return everything a customer is, so that a merge can be taken back exactly."""
    return {
        "customer_id": customer.id,
        "version": customer.version,
        "created_at": customer.created_at,
        "attributes": attributes_image(customer.attributes),
        "identifiers": identifiers_image(customer.identifiers.values()),
        "merged_ids": customer.merged_ids,
    }


def read_customer(image: Mapping[str, Any]) -> Customer:
    """Return the customer of a before-image."""
    return Customer(
        id=UUID(image["customer_id"]),
        version=image["version"],
        created_at=datetime.fromisoformat(image["created_at"]),
        identifiers=read_identifiers(image["identifiers"]),
        attributes=read_attributes(image["attributes"]),
        merged_ids=tuple(UUID(merged_id) for merged_id in image["merged_ids"]),
    )
