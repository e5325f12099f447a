"""The story that the examples of the events tell: when each happens, and its number.

Anna, a customer, asks about her order in a chat. An agent answers after 50 minutes, but the answer
is published late, so a breach is announced and then withdrawn. In the end Anna turns out to be the
same person as a customer known by telephone only, and the two are merged. Bo, somebody else, asks
to be forgotten. The examples of the API
tell the same story, and a test plays it.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID


class Moment(NamedTuple):
    """When an event happened, when it was written, and its number among its subject's events."""

    occurred_at: datetime
    recorded_at: datetime
    sequence: int
    service: int = 0
    """What tells events of two services apart that are about one subject at one time."""

    def event_id(self) -> str:
        """Return the id: a UUIDv7 of the time of writing, and of the number within it."""
        milliseconds = int(self.recorded_at.timestamp() * 1000)
        return str(
            UUID(
                int=(milliseconds << 80)
                | (7 << 76)
                | (2 << 62)
                | (self.service << 32)
                | self.sequence
            )
        )


def _at(occurred: str, sequence: int, *, delay: float = 0.0, service: int = 0) -> Moment:
    time = datetime.fromisoformat(f"2026-11-23T{occurred}").replace(tzinfo=UTC)
    return Moment(time, time + timedelta(seconds=delay), sequence, service)


MOMENTS: dict[str, Moment] = {
    "identity.customer.created": _at("09:29:58.417", 1),
    "interactions.conversation.opened": _at("09:30:00", 1, delay=0.140),
    "interactions.interaction.recorded": _at("09:30:00", 2, delay=0.140),
    "sla.clock.started": _at("09:30:00", 1, delay=0.230),
    "identity.identifier.added": _at("09:30:40", 2),
    "interactions.conversation.assigned": _at("09:31:00", 3),
    "interactions.conversation.prioritised": _at("09:32:00", 4),
    "interactions.conversation.tagged": _at("09:32:00", 5),
    "identity.customer.updated": _at("09:45:00", 3),
    "sla.clock.warning": _at("10:15:00", 2, delay=0.180),
    "sla.clock.breached": _at("10:30:00", 4, delay=30.312),
    "sla.breach.retracted": _at("10:34:00.022", 5),
    "sla.clock.met": _at("10:20:00", 6, delay=840.022),
    "interactions.conversation.waiting": _at("10:40:00", 8),
    "sla.clock.paused": _at("10:40:00", 2, delay=0.150),
    "interactions.conversation.resumed": _at("11:05:00", 10),
    "sla.clock.resumed": _at("11:05:00", 3, delay=0.160),
    "interactions.interaction.attached": _at("11:07:00", 3),
    "interactions.conversation.resolved": _at("11:30:00", 12),
    "sla.clock.cancelled": _at("11:30:00", 2, delay=0.170),
    "interactions.conversation.reopened": _at("12:00:00", 13),
    "interactions.conversation.closed": _at("12:30:00", 14),
    "identity.customer.merged": _at("12:45:00", 5),
    "identity.customer.redirected": _at("12:45:00", 2),
    "identity.identifier.claimed": _at("12:55:00", 6),
    "identity.identifier.removed": _at("13:00:00", 7),
    "identity.customer.split": _at("13:00:00", 8),
    "identity.customer.retired": _at("13:10:00", 2),
    "identity.group.created": _at("13:10:00", 1),
    "identity.group.member_added": _at("13:11:00", 2),
    "identity.group.updated": _at("13:12:00", 3),
    "identity.group.member_removed": _at("13:13:00", 4),
    "identity.group.removed": _at("13:14:00", 5),
    "identity.customer.erased": _at("13:20:00", 3),
    "identity.customer.unmerged": _at("13:43:00", 3),
    "interactions.erasure.completed": _at("13:30:00", 1),
    "sla.erasure.completed": _at("13:30:00", 1, service=1),
    "identity.candidate.found": _at("13:51:00", 1),
    "identity.candidate.decided": _at("13:52:00", 2),
    "identity.candidate.expired": _at("13:53:00", 2),
}
"""By type of event. ``sequence`` counts the events of one subject: a customer, a group, a
candidate, a conversation or a clock. The numbers that are missing are of further events of the same
types, such as the agent's answer (6, with which the conversation becomes open, 7)."""
