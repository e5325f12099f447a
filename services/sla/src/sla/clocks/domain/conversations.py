"""Conversations as the events about them show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sla.clocks.domain.clocks import Owner
from sla.clocks.domain.facts import Fact

ConversationKey = tuple[str, UUID]
"""Tenant and conversation."""


@dataclass(frozen=True, slots=True)
class ConversationFacts:
    """A batch's facts about one conversation, with its latest snapshot in the batch."""

    key: ConversationKey
    customer_id: UUID | None
    attributes: Mapping[str, object]
    last_sequence: int
    first_recorded_at: datetime
    partition: int
    test: bool
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A stored conversation. It keeps the ``revision`` of the rules that first matched it.

    ``last_sequence`` is the highest of its events, which count from 1; not every event is a fact.
    ``ledger`` names the set of its facts; adding ``new_facts`` to ``previous_ledger`` made it. It
    ``has_moved`` when it has another customer or partition than before.
    """

    key: ConversationKey
    customer_id: UUID | None
    attributes: Mapping[str, object]
    last_sequence: int
    first_recorded_at: datetime
    revision: int | None
    partition: int
    test: bool
    ledger: UUID | None
    previous_ledger: UUID | None = None
    new_facts: tuple[Fact, ...] = ()
    has_moved: bool = False

    @property
    def owner(self) -> Owner:
        tenant_id, conversation_id = self.key
        return Owner(
            tenant_id=tenant_id,
            conversation_id=conversation_id,
            customer_id=self.customer_id,
            partition=self.partition,
            test=self.test,
            attributes=self.attributes,
        )
