"""What callers see of a decision's outcome."""

from collections.abc import Iterable

from common.errors import ErrorCode, FieldError, InvalidError
from common.web.requests import ConsistencyToken
from common.web.responses import Masker
from identifiers import IdentifierKey, Rules, Unusable, normalise
from identity.customers.domain.attributes import visible_values
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Identifier
from identity.customers.http.masks import masked_attributes, masked_identifiers
from identity.customers.http.schemas import HeldIdentifier
from identity.merging.domain.outcomes import Outcome
from identity.merging.http.decision_schemas import (
    DecidedIdentifier,
    DecisionOutcome,
    PreviewedCustomer,
)

UNSPECIFIED = "unspecified"


def outcome_response(outcome: Outcome, masker: Masker, *, dry_run: bool) -> DecisionOutcome:
    would_be_new = frozenset(outcome.created_ids) if dry_run else frozenset()
    return DecisionOutcome(
        decision_ids=[] if dry_run else list(outcome.decision_ids),
        changed=outcome.is_change,
        dry_run=dry_run,
        customer_ids=[each.id for each in outcome.customers if each.id not in would_be_new],
        restored_ids=list(outcome.restored_ids),
        created_ids=[] if dry_run else list(outcome.created_ids),
        withdrawn_ids=list(outcome.withdrawn_ids),
        preview=[
            PreviewedCustomer(
                customer_id=None if customer.id in would_be_new else customer.id,
                merged_ids=list(customer.merged_ids),
                attributes=masked_attributes(masker, visible_values(customer.attributes)),
                identifiers=held_identifiers(masker, customer),
            )
            for customer in outcome.customers
        ]
        if dry_run
        else None,
        consistency_tokens=[
            ConsistencyToken(customer.id, customer.version).encode()
            for customer in (() if dry_run else outcome.customers)
        ],
    )


def held_identifiers(masker: Masker, customer: Customer) -> list[HeldIdentifier]:
    return shown_identifiers(masker, customer.identifiers.values())


def shown_identifiers(masker: Masker, identifiers: Iterable[Identifier]) -> list[HeldIdentifier]:
    """Return identifiers as callers see them, sorted by type, scope and value."""
    return masked_identifiers(
        masker,
        (
            {
                "type": identifier.key.type,
                "value": identifier.key.value,
                "raw": identifier.raw,
                "scope": identifier.key.scope or None,
                "level": identifier.level.label,
                "source": identifier.source,
                "first_seen_at": identifier.first_seen_at,
            }
            for identifier in sorted(identifiers, key=lambda identifier: identifier.key)
        ),
    )


def read_key(body: DecidedIdentifier, region: str | None, pointer: str) -> IdentifierKey:
    """Return the key of an identifier. Raises InvalidError if it is nobody's in any spelling."""
    outcome = normalise(body.type, body.value, body.scope, Rules(region=region))
    if isinstance(outcome, Unusable):
        raise InvalidError(
            "the identifier cannot be used",
            errors=[FieldError(pointer, ErrorCode.INVALID_VALUE, f"is {outcome.reason.value}")],
        )
    return outcome.key
