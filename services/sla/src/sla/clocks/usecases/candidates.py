"""Which rules may cover a conversation."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from common.db import Transaction
from sla.clocks.domain.conversations import Conversation, ConversationKey
from sla.rules.domain.policy import Ruleset
from sla.rules.memory import Rulesets
from sla.rules.store import revisions


async def find_candidates(
    tx: Transaction, rulesets: Rulesets, conversations: Sequence[Conversation]
) -> Mapping[ConversationKey, Sequence[Ruleset]]:
    """Return the rulesets that may cover each conversation, in the order to try them.

    A matched conversation keeps its ruleset. For any other, the one in force when its first
    event was recorded comes first, however late that event is applied; then the newest.
    """
    unmatched = [c for c in conversations if c.revision is None]
    wanted: set[tuple[str, datetime | None]] = {
        (c.key[0], at) for c in unmatched for at in (c.first_recorded_at, None)
    }
    in_force = await revisions.list_revisions(tx, list(wanted)) if wanted else {}
    candidates: dict[ConversationKey, list[Ruleset]] = {}
    for conversation in conversations:
        tenant = conversation.key[0]
        numbers = [conversation.revision]
        if conversation.revision is None:
            times = (conversation.first_recorded_at, None)
            numbers = [in_force[tenant, at] for at in times]
        candidates[conversation.key] = [
            await rulesets.get(tx, tenant, number)
            for number in dict.fromkeys(numbers)
            if number is not None
        ]
    return candidates
