"""Edits of a conversation: their steps, names and times."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ConflictError
from interactions.history.domain.conversation import ChangeType, Conversation, Status
from interactions.history.domain.edit import ALLOWED, UNCHANGED, ConversationEdit, plan_edit
from interactions.history.domain.interaction import AuthorType
from services.interactions.tests.factories import NOON, minutes


def a_conversation(**changes):
    values: dict[str, Any] = {
        "conversation_id": uuid4(),
        "channel": "sms",
        "opened_at": NOON,
        "last_activity_at": NOON,
        "version": 4,
        "status": Status.OPEN,
    }
    values |= changes
    return Conversation(**(values | {"status": Status(values["status"])}))


def change(conversation, *, status=UNCHANGED, **fields):
    if status is not UNCHANGED:
        status = Status(status)
    edit = ConversationEdit(status=status, **fields)
    return plan_edit(conversation, edit, now=NOON + minutes(1), actor_type=AuthorType.AGENT)


def test_each_kind_of_change_is_a_numbered_step():
    steps = change(
        a_conversation(), assignee="a", team="t", priority="high", tags=("x",), status="pending"
    )
    assert [s.type for s in steps] == [
        ChangeType.ASSIGNED,
        ChangeType.PRIORITISED,
        ChangeType.TAGGED,
        ChangeType.WAITING,
    ]
    assert [s.conversation.version for s in steps] == [5, 6, 7, 8]
    assert steps[0].conversation.status == "open"
    assert steps[-1].conversation.assignee == "a"
    assert steps[-1].previous_status == "open"


def test_an_edit_that_changes_nothing_has_no_steps():
    conversation = a_conversation(assignee="a", tags=("x",), priority="high")
    same = {"assignee": "a", "tags": ("x", "x"), "priority": "high", "status": "open"}
    assert change(conversation, **same) == []


def test_none_clears():
    [step] = change(a_conversation(assignee="a"), assignee=None)
    assert step.conversation.assignee is None


@pytest.mark.parametrize(
    ("status", "wanted", "told"),
    [
        ("open", "resolved", ChangeType.RESOLVED),
        ("resolved", "open", ChangeType.REOPENED),
        ("closed", "open", ChangeType.REOPENED),
        ("pending", "open", ChangeType.RESUMED),
        ("pending", "on_hold", ChangeType.WAITING),
        ("resolved", "closed", ChangeType.CLOSED),
    ],
)
def test_a_change_of_status_has_its_name(status, wanted, told):
    [step] = change(a_conversation(status=status), status=wanted)
    assert step.type == told


def test_times_of_resolving_follow_the_status():
    [resolved] = change(a_conversation(), status="resolved")
    assert resolved.conversation.resolved_at == NOON + minutes(1)
    [closed] = change(resolved.conversation, status="closed")
    assert closed.conversation.resolved_at == NOON + minutes(1)
    assert closed.conversation.closed_at == NOON + minutes(1)
    [reopened] = change(closed.conversation, status="open")
    assert (reopened.conversation.resolved_at, reopened.conversation.closed_at) == (None, None)
    assert reopened.conversation.reopen_count == 1


@given(st.sampled_from(Status), st.sampled_from(Status))
def test_a_transition_happens_once_or_is_refused(status, wanted):
    conversation = a_conversation(status=status)
    if wanted == status:
        assert change(conversation, status=wanted) == []
    elif wanted in ALLOWED[status]:
        [step] = change(conversation, status=wanted)
        assert step.conversation.status == wanted
        assert change(step.conversation, status=wanted) == []
    else:
        with pytest.raises(ConflictError):
            change(conversation, status=wanted)


def test_an_empty_edit_has_no_steps():
    assert ConversationEdit().status is UNCHANGED
    assert change(a_conversation()) == []
