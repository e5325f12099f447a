"""An oracle for deadlines: the clocks that a person would derive from the sorted events.

It covers the policies of drills and shares nothing with the product: whole channels, in seconds,
without calendars, pauses or closed conversations.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from common.jsons import loads
from tests.drills.invariants.evidence import Evidence

OPENED = "interactions.conversation.opened"
RECORDED = "interactions.interaction.recorded"


@dataclass
class Expected:
    """A clock as it must be; ``met_at`` is when an agent answered, in time or late."""

    started_at: datetime
    seconds: int
    met_at: datetime | None = None

    @property
    def due_at(self) -> datetime:
        return self.started_at + timedelta(seconds=self.seconds)

    def breached(self, at: datetime) -> bool:
        return (self.met_at or at) > self.due_at

    def state(self, at: datetime) -> str:
        if self.breached(at):
            return "breached"
        return "met" if self.met_at else "running"


@dataclass
class Conversation:
    """The events of one conversation, unsorted."""

    tenant: str
    seconds: Mapping[str, int]
    opened_at: datetime
    said: list[tuple[datetime, int, int, str]] = field(default_factory=list)

    def clocks(self) -> dict[tuple[str, datetime], Expected]:
        """Return the clocks that these events imply, by metric and start."""
        first = Expected(self.opened_at, self.seconds.get("first_response", 0))
        waiting: Expected | None = first
        clocks = [("first_response", first)]
        for said_at, _, _, by in sorted(self.said):
            at = max(said_at, self.opened_at)
            if by == "agent" and waiting is not None:
                waiting.met_at, waiting = at, None
            elif by == "customer" and waiting is None:
                waiting = Expected(at, self.seconds.get("next_response", 0))
                clocks.append(("next_response", waiting))
        return {(m, clock.started_at): clock for m, clock in clocks if m in self.seconds}


def expected_clocks(evidence: Evidence) -> dict[tuple[str, str, datetime], Expected]:
    """Return the clocks that all conversations under a policy must have."""
    promises = _promises(evidence)
    conversations: dict[str, Conversation] = {}
    said: dict[str, list[tuple[datetime, int, int, str]]] = defaultdict(list)
    for event in evidence.first_published("interactions.conversations"):
        body: Mapping[str, Any] = event.body or {}
        data, at = body["data"], datetime.fromisoformat(body["occurred_at"])
        seconds = promises.get((body["tenant_id"], data["channel"]))
        if body["type"] == OPENED and seconds is not None:
            conversations[body["subject_id"]] = Conversation(body["tenant_id"], seconds, at)
        elif body["type"] == RECORDED:
            # At the same instant, an answer counts as later than the message that it answers.
            by = data["author_type"]
            said[body["subject_id"]].append((at, int(by == "agent"), body["sequence"], by))
    expected: dict[tuple[str, str, datetime], Expected] = {}
    for conversation_id, conversation in conversations.items():
        conversation.said = said[conversation_id]
        for (metric, started_at), clock in conversation.clocks().items():
            expected[conversation_id, metric, started_at] = clock
    return expected


def _promises(evidence: Evidence) -> dict[tuple[str, str], dict[str, int]]:
    """Return the seconds that each tenant's policy promises on a channel, by metric."""
    promises: dict[tuple[str, str], dict[str, int]] = {}
    for row in evidence.rows["sla"]["policy"]:
        body = loads(row["body"])
        [condition] = body["conditions"]["all"]
        seconds = {target["metric"]: target["seconds"] for target in body["targets"]}
        for channel in condition["value"]:
            promises[row["tenant_id"], channel] = seconds
    return promises
