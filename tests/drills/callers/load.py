"""Load that is determined by a seed: customers write in every way, and agents answer some of them.

Senders, times and counts are drawn in advance, so that a failed seed can be run again.
"""

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.drills.callers.messages import TENANTS, Json, Message, Way
from tests.drills.callers.speakers import Speaker
from tests.drills.drill import RESPONSE_SECONDS

SHARES: dict[Way, float] = {"rest": 0.1, "batch": 0.6, "kafka": 0.25, "webhook": 0.05}
"""The share of the customers' messages that arrive in each way."""
AT_ONCE: dict[Way, int] = {"batch": 50, "kafka": 20}
"""How many messages are sent together; in the other ways, each is sent alone."""
CUSTOMER_SPEAKS = 12
"""How many messages a customer sends on average; agents answer one in as many."""
PATIENCES = (0.3, 1.4, 2.5, None)
"""How long agents take to answer, in deadlines: in time, slightly late, late, never."""
ASKED_EVERY_SECONDS = 0.2


@dataclass(order=True)
class Call:
    """Messages that are sent together, ``at`` seconds after the start."""

    at: float
    way: Way = field(compare=False)
    messages: Sequence[Message] = field(compare=False)


def plan(seed: int, *, seconds: float, rate: float) -> list[Call]:
    """Return the customers' calls in order of time, at ``rate`` messages a second."""
    draw = random.Random(seed)  # noqa: S311 - it has to be repeatable
    crowd = {tenant: list(_crowd(draw, tenant, seconds * rate)) for tenant in TENANTS}
    calls: list[Call] = []
    number = 0
    for way, share in SHARES.items():
        # The inbound topic belongs to the first tenant.
        tenants = TENANTS[:1] if way == "kafka" else TENANTS
        size = AT_ONCE.get(way, 1)
        for _ in range(round(seconds * rate * share / size)):
            tenant = draw.choice(tenants)
            messages = [
                Message(f"canary-{seed}-{number + n}", tenant, phone=draw.choice(crowd[tenant]))
                for n in range(size)
            ]
            number += size
            calls.append(Call(draw.uniform(0, seconds), way, messages))
    return sorted(calls)


def _crowd(draw: random.Random, tenant: str, messages: float) -> Iterator[str]:
    prefix = "+4420" if tenant == TENANTS[0] else "+4930"
    for _ in range(max(1, round(messages / CUSTOMER_SPEAKS / len(TENANTS)))):
        yield f"{prefix}{draw.randrange(10**8):08d}"


class Load:
    """Runs a plan against a fleet at the planned times, and has agents answer some messages."""

    def __init__(self, speaker: Speaker, seed: int, *, seconds: float, rate: float) -> None:
        self._speaker = speaker
        self._calls = plan(seed, seconds=seconds, rate=rate)
        self._draw = random.Random(seed + 1)  # noqa: S311 - it has to be repeatable
        self._seed = seed
        self._seconds = seconds
        self._answers = 0
        self._customers: list[tuple[str, str]] = []
        self._underway: set[asyncio.Task[None]] = set()
        self.acknowledged: list[float] = []
        """When each message was acknowledged, in seconds after the start."""

    async def run(self) -> float:
        """Send everything, wait until all is acknowledged, and return messages a second."""
        self._began = time.monotonic()
        asking = asyncio.create_task(self._ask())
        for call in self._calls:
            await asyncio.sleep(self._began + call.at - time.monotonic())
            self._start(self._say(call))
        while self._underway:
            done, _ = await asyncio.wait(self._underway)
            self._underway -= done
            for task in done:
                task.result()
        asking.cancel()
        in_time = [at for at in self.acknowledged if at <= self._seconds]
        return len(in_time) / self._seconds

    def _start(self, work) -> None:
        self._underway.add(asyncio.create_task(work))

    async def _say(self, call: Call) -> None:
        answers = await self._speaker.say(call.way, *call.messages)
        at = time.monotonic() - self._began
        self.acknowledged += [at] * len(call.messages)
        for message, answer in zip(call.messages, answers, strict=True):
            patience = self._draw.choice(PATIENCES)
            if patience is not None and self._draw.random() < 1 / CUSTOMER_SPEAKS:
                self._start(
                    self._answer(message, answer, patience * RESPONSE_SECONDS[message.channel])
                )

    async def _answer(self, message: Message, recorded: Json, after: float) -> None:
        """Answer as an agent, who looks up messages from Kafka or a webhook in the context."""
        await asyncio.sleep(after)
        conversation_id = recorded.get("conversation_id")
        if conversation_id is None:
            conversation_id = await self._speaker.find_conversation(message)
        if conversation_id is None:  # the sender has no customer yet
            return
        if customer_id := recorded.get("customer_id"):
            self._customers.append((message.tenant, customer_id))
        self._answers += 1
        token = f"canary-{self._seed}-answer-{self._answers}"
        await self._speaker.say(
            "rest", Message(token, message.tenant, conversation_id=conversation_id)
        )
        self.acknowledged.append(time.monotonic() - self._began)

    async def _ask(self) -> None:
        while True:
            await asyncio.sleep(ASKED_EVERY_SECONDS)
            if self._customers:
                await self._speaker.ask(*self._draw.choice(self._customers))
