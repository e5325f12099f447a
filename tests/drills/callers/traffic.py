"""Moderate traffic that continues whatever happens: customers, agents and readers of contexts."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from devstack.testing.wait import until
from tests.drills.callers.messages import TENANTS, Message, Way, a_message
from tests.drills.drill import Drill

PAUSE_SECONDS = 0.05
ANSWERED = 0.5
"""The share of messages that an agent answers."""
REMEMBERED = 50


@dataclass
class Traffic:
    """The traffic's counts so far, and the coroutines that keep it running."""

    drill: Drill
    acknowledged: dict[Way, int] = field(default_factory=dict)
    answers: list[int] = field(default_factory=list)
    """The statuses of requests for contexts; 0 means no answer."""
    _customers: list[tuple[str, str]] = field(default_factory=list)

    async def talk(self, way: Way) -> None:
        """Send one message after another in one way."""
        while True:
            # The inbound topic belongs to the first tenant.
            tenant = TENANTS[0] if way == "kafka" else random.choice(TENANTS)  # noqa: S311
            message = a_message(tenant)
            answers = await self.drill.speaker.say(way, message)
            self.acknowledged[way] = self.acknowledged.get(way, 0) + 1
            await self._continue(message, answers[0])
            await asyncio.sleep(PAUSE_SECONDS)

    async def look(self) -> None:
        """Fetch one context after another."""
        while True:
            if self._customers:
                answer = await self.drill.speaker.ask(*random.choice(self._customers))  # noqa: S311
                self.answers.append(0 if answer is None else answer.status)
            await asyncio.sleep(PAUSE_SECONDS)

    async def await_progress(self, way: Way, times: int = 5) -> None:
        """Wait until ``times`` more messages in one way were acknowledged."""
        await _grows(lambda: self.acknowledged.get(way, 0), times)

    async def await_answers(self, status: int, times: int = 5) -> None:
        """Wait until ``times`` more requests for contexts were answered with a status."""
        await _grows(lambda: self.answers.count(status), times)

    async def await_refusals(self, status: int, times: int = 5) -> None:
        """Wait until ``times`` more writes were refused with a status and ``Retry-After``.

        The speaker raises on a refusal without ``Retry-After`` or with another status.
        """
        await _grows(lambda: self.drill.speaker.refused[status], times)

    async def run_for(self, seconds: float) -> None:
        """Keep the traffic running for ``seconds``."""
        await asyncio.sleep(seconds)

    async def _continue(self, message: Message, answer: dict[str, str | None]) -> None:
        if customer_id := answer.get("customer_id"):
            self._customers = [*self._customers[-REMEMBERED:], (message.tenant, customer_id)]
        conversation_id = answer.get("conversation_id")
        if conversation_id and random.random() < ANSWERED:  # noqa: S311
            token = a_message().token
            await self.drill.speaker.say(
                "rest", replace(message, token=token, conversation_id=conversation_id)
            )


async def _grows(count: Callable[[], int], times: int) -> None:
    """Wait until a count has grown by ``times``; fail if it stops growing for a minute."""
    goal = count() + times
    while (reached := count()) < goal:
        await until(partial(_passed, count, reached), 60)


@asynccontextmanager
async def under_load(drill: Drill) -> AsyncIterator[Traffic]:
    """Keep traffic running; raises if a message is refused or never acknowledged."""
    traffic = Traffic(drill)
    ways: tuple[Way, ...] = ("rest", "batch", "kafka", "webhook")
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(traffic.talk(way)) for way in ways]
        tasks += [group.create_task(traffic.look()) for _ in range(2)]
        for way in ways:
            await traffic.await_progress(way)
        yield traffic
        for way in ways:
            await traffic.await_progress(way)
        for task in tasks:
            task.cancel()


def _passed(count: Callable[[], int], seen: int) -> bool:
    return count() > seen
