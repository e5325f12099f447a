"""Changes to groups, in order: each change takes its group's next version."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from identity.groups.domain.groups import Group, GroupKind
from identity.groups.domain.members import Membership


@dataclass(frozen=True, slots=True)
class GroupCreated:
    group: Group


@dataclass(frozen=True, slots=True)
class GroupUpdated:
    """``changed`` names the fields that differ, sorted."""

    group: Group
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupRemoved:
    """The group is gone, with all of its memberships."""

    group: Group


@dataclass(frozen=True, slots=True)
class MemberAdded:
    """A membership is new, or has another period or source; the last change counts."""

    group_id: UUID
    kind: GroupKind
    version: int
    membership: Membership


@dataclass(frozen=True, slots=True)
class MemberRemoved:
    """A membership is gone, as if it had never been; ending one is a change of its period."""

    group_id: UUID
    kind: GroupKind
    version: int
    membership: Membership


GroupChange = GroupCreated | GroupUpdated | GroupRemoved | MemberAdded | MemberRemoved


def added(group: Group, memberships: Sequence[Membership]) -> list[GroupChange]:
    """Return the changes that add memberships to ``group``, which is as it was before them."""
    return [
        MemberAdded(group.id, group.draft.kind, group.version + place, membership)
        for place, membership in enumerate(memberships, start=1)
    ]


def removed(group: Group, memberships: Sequence[Membership]) -> list[GroupChange]:
    """Return the changes that remove memberships of ``group``, as it was before them."""
    return [
        MemberRemoved(group.id, group.draft.kind, group.version + place, membership)
        for place, membership in enumerate(memberships, start=1)
    ]
