"""Many conversations on one channel, due within seconds, half of them answered in time."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import randrange
from typing import Any

from devstack.testing.wait import until
from tests.drills.callers.messages import Message, a_message
from tests.drills.drill import Drill
from tests.drills.invariants.deadlines import BREACHED, RETRACTED
from tests.drills.invariants.evidence import Evidence
from tests.drills.invariants.oracle import expected_clocks

SHORTEST_SECONDS, LONGEST_SECONDS = 6, 40
REHEARSED = 250
AT_ONCE = 250
SOURCE_SILENT = "source_watermark_stalled"

LONG_AGO = datetime.min.replace(tzinfo=UTC)

Outcome = tuple[str, bool | None, str | None]
"""A clock's state, whether its breach is confirmed, and the reason given."""


@dataclass
class Crowd:
    """Conversations on one channel, by whether an agent has answered.

    The policy promises a first response on this channel within ``seconds``.
    """

    drill: Drill
    seconds: int
    number: int = field(default_factory=lambda: randrange(2, 10**6))  # noqa: S311
    waiting: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    """The conversations that have a clock in sla."""
    due_at: datetime = LONG_AGO
    """The time after which every deadline has passed."""

    @property
    def channel(self) -> str:
        return f"counter-{self.number}"

    @property
    def everybody(self) -> set[str]:
        return {*self.waiting, *self.answered}

    async def publish_policy(self) -> None:
        await until(self._publish_policy, 30, every=0.2)

    async def _publish_policy(self) -> bool:
        """Publish the policy; return False if the API answers 503, as it may after a restart."""
        target = {"metric": "first_response", "seconds": self.seconds, "priority": None}
        body = {
            "name": f"answers at {self.channel}",
            "position": self.number,
            "conditions": {"all": [{"field": "channel", "op": "in", "value": [self.channel]}]},
            "targets": [target | {"calendar_id": None, "warn_at": []}],
        }
        key = {"idempotency-key": self.channel}
        async with self.drill.fleet.client("sla") as client:
            answer = await client.post("/v1/sla/policies", json=body, headers=key)
        assert answer.is_success or answer.status_code == 503, answer.text
        return answer.is_success

    async def gather(self, size: int) -> None:
        """Record the first messages of ``size`` new customers."""
        for _ in range(0, size, AT_ONCE):
            messages = [a_message(channel=self.channel) for _ in range(min(size, AT_ONCE))]
            answers = await self.drill.speaker.say("batch", *messages)
            self.waiting += [answer["conversation_id"] for answer in answers]
        self.due_at = datetime.now(UTC) + timedelta(seconds=self.seconds)

    async def answer_every_second(self) -> None:
        """Answer every second conversation that waits for an answer."""
        now, self.waiting = self.waiting[::2], self.waiting[1::2]
        for first in range(0, len(now), AT_ONCE):
            answers = [
                Message(a_message().token, "demo", conversation_id=one, channel=self.channel)
                for one in now[first : first + AT_ONCE]
            ]
            await self.drill.speaker.say("batch", *answers)
        self.answered += now

    async def await_clocks(self) -> None:
        """Wait until sla has a clock for every conversation."""
        await until(lambda: self._has({("running", None, None): len(self.everybody)}), 60)
        self.known = self.everybody

    async def await_deadlines(self, *, seconds_ago: float = 1.0) -> None:
        """Wait until ``seconds_ago`` after the last deadline, long enough for a false breach."""
        passed = self.due_at + timedelta(seconds=seconds_ago)
        await until(lambda: datetime.now(UTC) > passed, self.seconds + seconds_ago + 5)

    async def await_unconfirmed_breaches(self, clocks: int) -> None:
        """Wait for this many breaches, all unconfirmed because the source is silent."""
        await until(lambda: self._has({("breached", False, SOURCE_SILENT): clocks}), 60)

    async def _has(self, clocks: Mapping[Outcome, int]) -> bool:
        return await self.clocks() == clocks

    async def clocks(self) -> Counter[Outcome]:
        """Count the clocks by state, confirmation and reason."""
        rows = await self.drill.execute("sla", _CLOCKS, list(self.everybody))
        return Counter((row["state"], row["confirmed"], row["reason"]) for row in rows)

    def breach_history(self, evidence: Evidence) -> Mapping[str, list[str]]:
        """Return the events about the breach of each conversation, in words and in order."""
        history: dict[str, list[str]] = {conversation: [] for conversation in self.everybody}
        for event in evidence.first_published("sla.clocks"):
            body: Mapping[str, Any] = event.body or {}
            if (conversation := body["data"]["conversation_id"]) in history:
                history[conversation] += _words(body)
        return history

    def assert_half_answered_in_time(self, evidence: Evidence) -> None:
        """Assert that half were answered in time, as the events show; a slow machine fails here."""
        late = {
            conversation
            for (conversation, _, _), clock in expected_clocks(evidence).items()
            if conversation in self.everybody and clock.breached(evidence.at)
        }
        slow = late & set(self.answered)
        assert not slow, f"this machine was too slow to answer {len(slow)} of them in time"
        assert late == set(self.waiting), "not all deadlines have passed yet"


async def crowd_in_time(drill: Drill) -> Crowd:
    """Return an empty crowd whose policy this machine can meet at its present load."""
    rehearsal, began = Crowd(drill, seconds=3600), time.monotonic()
    await rehearsal.publish_policy()
    await rehearsal.gather(REHEARSED)
    await rehearsal.await_clocks()
    took = time.monotonic() - began
    crowd = Crowd(drill, seconds=min(max(SHORTEST_SECONDS, round(8 * took)), LONGEST_SECONDS))
    await crowd.publish_policy()
    return crowd


_CLOCKS = "SELECT state, confirmed, reason FROM clock WHERE conversation_id = ANY ($1::uuid[])"


def _words(body: Mapping[str, Any]) -> Iterable[str]:
    data = body["data"]
    if body["type"] == RETRACTED:
        yield "retracted"
    elif body["type"] == BREACHED:
        yield "certain" if data["confirmed"] else f"unconfirmed: {data['reason']}"
