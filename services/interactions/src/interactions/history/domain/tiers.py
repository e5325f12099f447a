"""A conversation has the tier of its customer, unless whoever reported it gave another."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from interactions.history.domain.conversation import ChangeType, Conversation
from interactions.history.domain.placement import RecordingPlan


def opened_without_tier(plan: RecordingPlan) -> frozenset[UUID]:
    """Return the customers of conversations that are opened without a tier."""
    return frozenset(
        change.conversation.customer_id
        for change in plan.changes
        if change.type is ChangeType.OPENED
        and change.conversation.customer_tier is None
        and change.conversation.customer_id is not None
    )


def with_tiers(plan: RecordingPlan, tiers: Mapping[UUID, str]) -> RecordingPlan:
    """Return the plan with the tiers of these customers, where no other is given."""
    if not tiers:
        return plan
    return replace(
        plan,
        conversations={i: with_tier(each, tiers) for i, each in plan.conversations.items()},
        changes=[
            change._replace(conversation=with_tier(change.conversation, tiers))
            for change in plan.changes
        ],
    )


def with_tier(conversation: Conversation, tiers: Mapping[UUID, str]) -> Conversation:
    """Return the conversation with its customer's tier, unless it has one."""
    if conversation.customer_tier is not None or conversation.customer_id is None:
        return conversation
    tier = tiers.get(conversation.customer_id)
    return conversation if tier is None else conversation._replace(customer_tier=tier)
