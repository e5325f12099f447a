"""An edit of a conversation by a person or a system, and the changes that it comes to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final, Literal

from common.errors import ConflictError
from interactions.history.domain.conversation import (
    CLOSED,
    RESTING,
    Change,
    ChangeType,
    Conversation,
    Status,
    status_change_type,
    with_status,
)
from interactions.history.domain.interaction import AuthorType


class _Unchanged(Enum):
    UNCHANGED = "unchanged"


UNCHANGED: Final = _Unchanged.UNCHANGED
"""The value of a field that an edit leaves as it is; None clears a field."""

Unchanged = Literal[_Unchanged.UNCHANGED]

STATUS_CHANGES = frozenset(
    {
        ChangeType.WAITING,
        ChangeType.RESUMED,
        ChangeType.RESOLVED,
        ChangeType.REOPENED,
        ChangeType.CLOSED,
    }
)

ALLOWED = {
    Status.NEW: {Status.OPEN, *RESTING, *CLOSED},
    Status.OPEN: {*RESTING, *CLOSED},
    Status.PENDING: {Status.OPEN, Status.ON_HOLD, *CLOSED},
    Status.ON_HOLD: {Status.OPEN, Status.PENDING, *CLOSED},
    Status.RESOLVED: {Status.OPEN, Status.CLOSED},
    Status.CLOSED: {Status.OPEN},
}
"""The statuses that can follow each status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationEdit:
    """The new values of a conversation's fields."""

    status: Status | Unchanged = UNCHANGED
    priority: str | Unchanged | None = UNCHANGED
    assignee: str | Unchanged | None = UNCHANGED
    team: str | Unchanged | None = UNCHANGED
    tags: tuple[str, ...] | Unchanged = UNCHANGED


def plan_edit(
    conversation: Conversation, edit: ConversationEdit, *, now: datetime, actor_type: AuthorType
) -> list[Change]:
    """Return the changes that the edit comes to, a version each; none if it has no effect.

    Raises ConflictError when the conversation's status cannot become the wanted one.
    """
    changes: list[Change] = []
    current = conversation
    for change_type, fields in _changes(conversation, edit):
        previous = current.status
        if change_type in STATUS_CHANGES:
            current = with_status(current, fields["status"], at=now)
        else:
            current = current._replace(**fields)
        current = current._replace(version=current.version + 1)
        changes.append(
            Change(
                type=change_type,
                conversation=current,
                occurred_at=now,
                actor_type=actor_type,
                previous_status=previous,
                customer_id=current.customer_id,
            )
        )
    return changes


def _changes(
    conversation: Conversation, edit: ConversationEdit
) -> Iterator[tuple[ChangeType, dict[str, Any]]]:
    """Yield the type of each change, with the fields that it sets."""
    assignee = conversation.assignee if edit.assignee is UNCHANGED else edit.assignee
    team = conversation.team if edit.team is UNCHANGED else edit.team
    if (assignee, team) != (conversation.assignee, conversation.team):
        yield ChangeType.ASSIGNED, {"assignee": assignee, "team": team}
    if edit.priority is not UNCHANGED and edit.priority != conversation.priority:
        yield ChangeType.PRIORITISED, {"priority": edit.priority}
    if edit.tags is not UNCHANGED and (tags := _unique(edit.tags)) != conversation.tags:
        yield ChangeType.TAGGED, {"tags": tags}
    if edit.status is not UNCHANGED and edit.status != conversation.status:
        _check(conversation.status, edit.status)
        yield status_change_type(conversation.status, edit.status), {"status": edit.status}


def _check(status: Status, wanted: Status) -> None:
    if wanted not in ALLOWED[status]:
        raise ConflictError(f"a conversation that is {status} cannot become {wanted}")


def _unique(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))
