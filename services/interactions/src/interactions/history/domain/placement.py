"""Placement: which conversation each interaction of a batch belongs to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from common.errors import ErrorCode, FieldError, InvalidError, ServiceError
from interactions.history.domain.activity import (
    add_interaction,
    open_conversation,
    opening_change,
)
from interactions.history.domain.contact import contact_key, sender_key
from interactions.history.domain.conversation import Change, Conversation, Status
from interactions.history.domain.interaction import Direction, Draft


@dataclass(frozen=True, slots=True)
class Incoming:
    """An interaction to be placed: its id, its sender (canonical) and its time.

    Interactions that share one of ``thread_keys`` are one contact's on one channel. ``index`` is
    the place in the batch.
    """

    index: int
    interaction_id: UUID
    draft: Draft
    customer_id: UUID | None
    occurred_at: datetime
    contact_key: str | None = None
    thread_keys: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        index: int,
        draft: Draft,
        *,
        interaction_id: UUID,
        customer_id: UUID | None,
        occurred_at: datetime,
    ) -> "Incoming":
        contact = (sender_key if draft.is_by_sender else contact_key)(draft.identifiers)
        threads = _thread_keys(draft, contact, customer_id)
        return cls(index, interaction_id, draft, customer_id, occurred_at, contact, threads)


class Via(StrEnum):
    """Why a conversation is a candidate: it was named, replied to, or is the contact's thread."""

    GIVEN = "given"
    REPLY = "reply"
    THREAD = "thread"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A conversation that the interaction at ``index`` may belong to."""

    index: int
    via: Via
    conversation: Conversation


class Placement(NamedTuple):
    """An interaction in its conversation; ``customer_id`` is kept as its origin."""

    item: Incoming
    conversation_id: UUID
    customer_id: UUID | None


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """What to write for a batch: final conversations, changes to announce, failed items."""

    placed: Sequence[Placement]
    conversations: Mapping[UUID, Conversation]
    changes: Sequence[Change]
    failed: Mapping[int, ServiceError]


@dataclass(slots=True)
class RecordingPlanner:
    """Places items in order; each sees the effect of those before it.

    ``new_id`` gives the ids of the conversations that are opened.
    """

    window: timedelta
    new_id: Callable[[], UUID]
    conversations: dict[UUID, Conversation] = field(default_factory=dict)
    offered: dict[int, dict[Via, list[UUID]]] = field(default_factory=dict)
    threads: dict[str, list[UUID]] = field(default_factory=dict)
    placed: list[Placement] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    failed: dict[int, ServiceError] = field(default_factory=dict)

    def plan(self) -> RecordingPlan:
        """Return what is to be recorded of the items placed so far."""
        touched = {p.conversation_id: self.conversations[p.conversation_id] for p in self.placed}
        return RecordingPlan(self.placed, touched, self.changes, self.failed)

    def offer(self, candidate: Candidate) -> None:
        """Add a conversation that an item may belong to."""
        conversation = candidate.conversation
        self.conversations.setdefault(conversation.conversation_id, conversation)
        by_way = self.offered.setdefault(candidate.index, {})
        by_way.setdefault(candidate.via, []).append(conversation.conversation_id)

    def place(self, item: Incoming) -> None:
        """Place the next item; one that cannot be placed fails alone."""
        try:
            self._place(item)
        except ServiceError as error:
            self.failed[item.index] = error

    def _place(self, item: Incoming) -> None:
        chosen = self._choose(item)
        conversation = self._usable(item, chosen)
        if conversation is None:
            conversation = self._open(item, follows=chosen)
        conversation = _adopted(conversation, item)
        grown, changes = add_interaction(conversation, item.draft, occurred_at=item.occurred_at)
        self.conversations[grown.conversation_id] = grown
        customer = item.customer_id or self._customer_of(item, grown)
        self.placed.append(Placement(item, grown.conversation_id, customer))
        self._note(item, changes, customer)
        for key in item.thread_keys:
            self.threads.setdefault(key, []).append(grown.conversation_id)

    def _choose(self, item: Incoming) -> UUID | None:
        """Return the conversation that is named, replied to, or the contact's latest."""
        offered = self.offered.get(item.index, {})
        if item.draft.conversation_id is not None:
            if Via.GIVEN not in offered:
                raise _no_such_conversation()
            return offered[Via.GIVEN][0]
        if offered.get(Via.REPLY):
            return offered[Via.REPLY][0]
        in_batch = [i for key in item.thread_keys for i in self.threads.get(key, ())]
        fitting = [i for i in (*offered.get(Via.THREAD, ()), *in_batch) if self._fits(item, i)]
        return max(fitting, key=lambda i: self.conversations[i].last_activity_at, default=None)

    def _fits(self, item: Incoming, conversation_id: UUID) -> bool:
        """Return whether it may go on with this: near in time, and not another customer's."""
        conversation = self.conversations[conversation_id]
        if conversation.status is Status.CLOSED:
            return False
        customers = {conversation.customer_id, item.customer_id} - {None}
        return len(customers) <= 1 and (
            conversation.opened_at - self.window
            <= item.occurred_at
            <= conversation.last_activity_at + self.window
        )

    def _usable(self, item: Incoming, chosen: UUID | None) -> Conversation | None:
        """Return the chosen conversation unless it is closed, or a stranger replies to it."""
        if chosen is None:
            return None
        conversation = self.conversations[chosen]
        if conversation.status is Status.CLOSED and item.draft.wants_attention:
            return None
        replied = item.draft.conversation_id is None and item.draft.in_reply_to is not None
        if (
            replied
            and item.draft.direction is Direction.INBOUND
            and not self._takes_part(item, chosen)
        ):
            return None
        return conversation

    def _takes_part(self, item: Incoming, conversation_id: UUID) -> bool:
        """Return whether the sender belongs to this conversation.

        A quoted message id proves nothing: anyone who has seen the message can quote it.
        """
        conversation = self.conversations[conversation_id]
        if conversation.customer_id is not None and conversation.customer_id == item.customer_id:
            return True
        return conversation.contact_key is not None and conversation.contact_key == item.contact_key

    def _customer_of(self, item: Incoming, conversation: Conversation) -> UUID | None:
        """Return the conversation's customer for an item without a contact of its own."""
        named = item.draft.identifiers or item.draft.customer_id
        return None if named else conversation.customer_id

    def _open(self, item: Incoming, *, follows: UUID | None) -> Conversation:
        conversation = open_conversation(
            item.draft,
            conversation_id=self.new_id(),
            customer_id=item.customer_id,
            contact_key=item.contact_key,
            occurred_at=item.occurred_at,
            follows_id=follows,
        )
        self.conversations[conversation.conversation_id] = conversation
        self._note(item, [opening_change(conversation, item.draft)], item.customer_id)
        return conversation

    def _note(self, item: Incoming, changes: Iterable[Change], customer_id: UUID | None) -> None:
        self.changes += (
            change._replace(
                item=item.index,
                interaction_id=item.interaction_id,
                customer_id=customer_id,
            )
            for change in changes
        )


def _thread_keys(draft: Draft, contact: str | None, customer_id: UUID | None) -> list[str]:
    where = f"{draft.channel}|{draft.channel_account or ''}|"
    keys = [] if contact is None else [f"{where}contact|{contact}"]
    return keys if customer_id is None else [*keys, f"{where}customer|{customer_id}"]


def _adopted(conversation: Conversation, item: Incoming) -> Conversation:
    """Return the conversation, with the item's customer if it had none and the contact matches."""
    if conversation.origin_customer_id is not None or item.customer_id is None:
        return conversation
    if conversation.contact_key not in {None, item.contact_key}:
        return conversation
    return conversation._replace(origin_customer_id=item.customer_id, customer_id=item.customer_id)


def _no_such_conversation() -> InvalidError:
    return InvalidError(
        "there is no such conversation",
        errors=[FieldError("/conversation_id", ErrorCode.NOT_FOUND, "no conversation has this id")],
    )
