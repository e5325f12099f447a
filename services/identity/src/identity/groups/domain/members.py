"""Memberships: which customer belongs to a group, in which role, and when."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from common.errors import ErrorCode, FieldError, InvalidError


@dataclass(frozen=True, slots=True)
class Membership:
    """One customer's role in a group.

    ``customer_id`` is the id under which the customer was added, which no merge changes: undoing a
    merge gives both customers their memberships back. A period without a beginning or an end is
    open on that side; the end itself is outside.
    """

    customer_id: UUID
    role: str
    valid_from: datetime | None
    valid_until: datetime | None
    source: str | None

    @property
    def key(self) -> tuple[UUID, str]:
        return self.customer_id, self.role


def check_period(valid_from: datetime | None, valid_until: datetime | None) -> None:
    """Raises InvalidError for a period that ends before it begins."""
    if valid_from is not None and valid_until is not None and valid_until <= valid_from:
        text = "must be after valid_from"
        raise InvalidError(
            f"valid_until {text}",
            errors=[FieldError("/valid_until", ErrorCode.INVALID_COMBINATION, text)],
        )


def plan_membership(
    person: Sequence[Membership], wanted: Membership
) -> tuple[tuple[Membership, ...], int]:
    """Return the memberships to write so that the person has the wanted one, and how many are new.

    ``person`` are the memberships of all ids of one customer in the group. After a merge, several
    of them may have one role: each becomes what is wanted.
    """
    same_role = [membership for membership in person if membership.role == wanted.role]
    if not same_role:
        return (wanted,), 1
    planned = [replace(wanted, customer_id=membership.customer_id) for membership in same_role]
    return tuple(after for after in planned if after not in same_role), 0
