"""What a person or a system may change about a conversation, and what is told of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final, Literal

from common.errors import ConflictError
from interactions.history.domain.conversation import (
    Conversation,
    Step,
    Told,
    told_of_status,
    with_status,
)


class _Kept(Enum):
    KEPT = "kept"


KEPT: Final = _Kept.KEPT
"""Says that a field is left as it is; None would clear it."""

Kept = Literal[_Kept.KEPT]

STATUS_TELLINGS = frozenset({Told.WAITING, Told.RESUMED, Told.RESOLVED, Told.REOPENED, Told.CLOSED})

ALLOWED = {
    "new": {"open", "pending", "on_hold", "resolved", "closed"},
    "open": {"pending", "on_hold", "resolved", "closed"},
    "pending": {"open", "on_hold", "resolved", "closed"},
    "on_hold": {"open", "pending", "resolved", "closed"},
    "resolved": {"open", "closed"},
    "closed": {"open"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The fields to change; whatever is ``KEPT`` stays."""

    status: str | Kept = KEPT
    priority: str | Kept | None = KEPT
    assignee: str | Kept | None = KEPT
    team: str | Kept | None = KEPT
    tags: tuple[str, ...] | Kept = KEPT


def plan_change(
    conversation: Conversation, wishes: Wishes, *, now: datetime, actor_type: str
) -> list[Step]:
    """Return the steps, one number each, that make the wishes true; none if they are already.

    Raises ConflictError when the status cannot be reached from where the conversation stands.
    """
    steps: list[Step] = []
    current = conversation
    for told, fields in _changes(conversation, wishes):
        previous = current.status
        if told in STATUS_TELLINGS:
            current = with_status(current, fields["status"], at=now)
        else:
            current = current._replace(**fields)
        current = current._replace(version=current.version + 1)
        steps.append(
            Step(
                told=told,
                conversation=current,
                occurred_at=now,
                actor_type=actor_type,
                previous_status=previous,
                customer_id=current.customer_id,
            )
        )
    return steps


def _changes(conversation: Conversation, wishes: Wishes) -> Iterator[tuple[Told, dict[str, Any]]]:
    """Yield what is to be told, with the fields that it changes."""
    assignee = conversation.assignee if wishes.assignee is KEPT else wishes.assignee
    team = conversation.team if wishes.team is KEPT else wishes.team
    if (assignee, team) != (conversation.assignee, conversation.team):
        yield Told.ASSIGNED, {"assignee": assignee, "team": team}
    if wishes.priority is not KEPT and wishes.priority != conversation.priority:
        yield Told.PRIORITISED, {"priority": wishes.priority}
    if wishes.tags is not KEPT and (tags := _unique(wishes.tags)) != conversation.tags:
        yield Told.TAGGED, {"tags": tags}
    if wishes.status is not KEPT and wishes.status != conversation.status:
        _check(conversation.status, wishes.status)
        yield told_of_status(conversation.status, wishes.status), {"status": wishes.status}


def _check(status: str, wanted: str) -> None:
    if wanted not in ALLOWED[status]:
        raise ConflictError(f"a conversation that is {status} cannot become {wanted}")


def _unique(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))
