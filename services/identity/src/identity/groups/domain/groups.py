"""Groups of customers, households and accounts: linked to people, never merged into one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.attributes import Json, is_same_json


class GroupKind(StrEnum):
    """What a group is: people who live together, or an organisation and its people."""

    HOUSEHOLD = "household"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """An address or number that the people of a group share.

    It leads to the group and proves nothing about any of its members.
    """

    key: IdentifierKey
    raw: str


@dataclass(frozen=True, slots=True)
class ExternalId:
    """The id of a group in the system that keeps it, unique within that ``source``."""

    source: str
    id: str


@dataclass(frozen=True, slots=True)
class GroupDraft:
    """A group as its source describes it; a later draft replaces an earlier one as a whole."""

    kind: GroupKind
    external_id: ExternalId
    name: str | None
    attributes: Mapping[str, Json]
    contact_points: tuple[ContactPoint, ...]
    """Sorted by key; each key once."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group. ``version`` is the sequence of its last event; changes of members count, too."""

    id: UUID
    version: int
    draft: GroupDraft
    member_count: int
    created_at: datetime
    updated_at: datetime

    def following(self, *, members: int = 0, changes: int = 1, now: datetime) -> "Group":
        """Return the group after so many changes, with ``members`` more, or fewer, members."""
        return replace(
            self,
            version=self.version + changes,
            member_count=self.member_count + members,
            updated_at=now,
        )


def create_group(draft: GroupDraft, *, group_id: UUID, now: datetime) -> Group:
    """Return a new group without members."""
    return Group(group_id, 1, draft, member_count=0, created_at=now, updated_at=now)


def changed_fields(before: GroupDraft, after: GroupDraft) -> tuple[str, ...]:
    """Return the names of the fields whose values differ, sorted.

    Another spelling of the same contact point is no difference.
    """
    differs = {
        "attributes": not is_same_json(before.attributes, after.attributes),
        "contact_points": _keys(before) != _keys(after),
        "kind": before.kind != after.kind,
        "name": before.name != after.name,
    }
    return tuple(name for name, changed in differs.items() if changed)


def _keys(draft: GroupDraft) -> list[IdentifierKey]:
    return [point.key for point in draft.contact_points]
