"""Which conversation an interaction belongs to, and the whole of a batch placed in order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from common.errors import FieldError, InvalidError, ServiceError
from common.ids import new_id
from interactions.history.domain.arrival import open_conversation, opened, receive
from interactions.history.domain.contact import contact_key
from interactions.history.domain.conversation import Conversation, Step
from interactions.history.domain.interaction import Draft


@dataclass(frozen=True, slots=True)
class Item:
    """An interaction to be placed: who it is from (canonical id) and when it happened.

    ``thread_keys`` name what makes two interactions one contact's on one channel.
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
        cls, index: int, draft: Draft, *, customer_id: UUID | None, occurred_at: datetime
    ) -> "Item":
        contact = contact_key(draft.identifiers)
        threads = _thread_keys(draft, contact, customer_id)
        return cls(index, new_id(), draft, customer_id, occurred_at, contact, threads)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A conversation that one item may belong to. ``via`` is ``given``, ``reply`` or ``thread``."""

    index: int
    via: str
    conversation: Conversation


class Placed(NamedTuple):
    """An item in its conversation; ``customer_id`` is what is kept for ever as its origin."""

    item: Item
    conversation_id: UUID
    customer_id: UUID | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a batch comes to: conversations as they end up, the steps to tell, what failed."""

    placed: Sequence[Placed]
    conversations: Mapping[UUID, Conversation]
    steps: Sequence[Step]
    failed: Mapping[int, ServiceError]


def plan_recording(
    items: Iterable[Item], candidates: Iterable[Candidate], *, window: timedelta
) -> Plan:
    """Place every item, in the order given, each seeing what those before it did."""
    board = _Board(window)
    for candidate in candidates:
        board.offer(candidate)
    for item in items:
        try:
            board.place(item)
        except ServiceError as error:
            board.failed[item.index] = error
    touched = {p.conversation_id: board.conversations[p.conversation_id] for p in board.placed}
    return Plan(board.placed, touched, board.steps, board.failed)


@dataclass(slots=True)
class _Board:
    window: timedelta
    conversations: dict[UUID, Conversation] = field(default_factory=dict)
    offered: dict[int, dict[str, list[UUID]]] = field(default_factory=dict)
    threads: dict[str, list[UUID]] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    failed: dict[int, ServiceError] = field(default_factory=dict)

    def offer(self, candidate: Candidate) -> None:
        known = candidate.conversation
        self.conversations.setdefault(known.conversation_id, known)
        by_way = self.offered.setdefault(candidate.index, {})
        by_way.setdefault(candidate.via, []).append(known.conversation_id)

    def place(self, item: Item) -> None:
        chosen = self._choose(item)
        conversation = self._usable(item, chosen)
        if conversation is None:
            conversation = self._open(item, follows=chosen)
        conversation = _adopted(conversation, item)
        grown, steps = receive(conversation, item.draft, occurred_at=item.occurred_at)
        self.conversations[grown.conversation_id] = grown
        customer = item.customer_id or self._customer_of(item, grown)
        self.placed.append(Placed(item, grown.conversation_id, customer))
        self._tell(item, steps, customer)
        for key in item.thread_keys:
            self.threads.setdefault(key, []).append(grown.conversation_id)

    def _choose(self, item: Item) -> UUID | None:
        """Return the conversation that was named, replied to, or is the contact's latest."""
        offered = self.offered.get(item.index, {})
        if item.draft.conversation_id is not None:
            if "given" not in offered:
                raise _no_such_conversation()
            return offered["given"][0]
        if offered.get("reply"):
            return offered["reply"][0]
        inside = [i for key in item.thread_keys for i in self.threads.get(key, ())]
        fitting = [i for i in (*offered.get("thread", ()), *inside) if self._fits(item, i)]
        return max(fitting, key=lambda i: self.conversations[i].last_activity_at, default=None)

    def _fits(self, item: Item, conversation_id: UUID) -> bool:
        conversation = self.conversations[conversation_id]
        return conversation.status != "closed" and (
            conversation.opened_at - self.window
            <= item.occurred_at
            <= conversation.last_activity_at + self.window
        )

    def _usable(self, item: Item, chosen: UUID | None) -> Conversation | None:
        """Return the chosen conversation unless it is over, or a reply comes from a stranger."""
        if chosen is None:
            return None
        conversation = self.conversations[chosen]
        if conversation.status == "closed" and item.draft.wants_attention:
            return None
        replied = item.draft.conversation_id is None and item.draft.in_reply_to is not None
        if replied and item.draft.direction == "inbound" and not self._takes_part(item, chosen):
            return None
        return conversation

    def _takes_part(self, item: Item, conversation_id: UUID) -> bool:
        """Tell whether the sender is this conversation's contact.

        Anybody who has seen a message can quote its id, so quoting it proves nothing.
        """
        conversation = self.conversations[conversation_id]
        if conversation.customer_id is not None and conversation.customer_id == item.customer_id:
            return True
        return conversation.contact_key is not None and conversation.contact_key == item.contact_key

    def _customer_of(self, item: Item, conversation: Conversation) -> UUID | None:
        """Return the conversation's customer for what names no contact of its own."""
        named = item.draft.identifiers or item.draft.customer_id
        return None if named else conversation.customer_id

    def _open(self, item: Item, *, follows: UUID | None) -> Conversation:
        conversation = open_conversation(
            item.draft,
            conversation_id=new_id(),
            customer_id=item.customer_id,
            contact_key=item.contact_key,
            occurred_at=item.occurred_at,
            follows_id=follows,
        )
        self.conversations[conversation.conversation_id] = conversation
        self._tell(item, [opened(conversation, item.draft)], item.customer_id)
        return conversation

    def _tell(self, item: Item, steps: Iterable[Step], customer_id: UUID | None) -> None:
        self.steps += (
            step._replace(
                item=item.index,
                interaction_id=item.interaction_id,
                customer_id=customer_id,
            )
            for step in steps
        )


def _thread_keys(draft: Draft, contact: str | None, customer_id: UUID | None) -> list[str]:
    where = f"{draft.channel}|{draft.channel_account or ''}|"
    keys = [] if contact is None else [f"{where}contact|{contact}"]
    return keys if customer_id is None else [*keys, f"{where}customer|{customer_id}"]


def _adopted(conversation: Conversation, item: Item) -> Conversation:
    """Return the conversation with the item's customer, if it had none and the contact is one."""
    if conversation.origin_customer_id is not None or item.customer_id is None:
        return conversation
    if conversation.contact_key not in {None, item.contact_key}:
        return conversation
    return conversation._replace(origin_customer_id=item.customer_id, customer_id=item.customer_id)


def _no_such_conversation() -> InvalidError:
    return InvalidError(
        "there is no such conversation",
        errors=[FieldError("/conversation_id", "no conversation has this id")],
    )
