"""What is left of a stretch of facts when those are dropped that can change no clock."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sla.clocks.domain.facts import LIFECYCLE, Fact, FactKind
from sla.rules.domain.instants import micros
from sla.rules.domain.policy import Ruleset

UNSEEN = 2**62
"""A sequence after those of all facts."""

REPEATED = {FactKind.AGENT_MESSAGE: 2, FactKind.BOT_MESSAGE: 1, FactKind.NOTE: 1}
"""How many of one kind can count before the customer writes again.

Of agents' messages two can: the first may be the one that opened the conversation.
"""


class Read(NamedTuple):
    """A fact to read. ``outlasts`` is whether a later resolution may not have seen the message."""

    fact: Fact
    outlasts: bool


class Digester:
    """Drops facts without effect, whatever comes before and after them.

    That depends on what the rules count as an answer, and on when the conversation was opened.
    """

    def __init__(self, rules: Ruleset, opened_at: int) -> None:
        targets = [target for policy in rules.policies for target in policy.targets]
        self._opened_at = opened_at
        self._answers = {FactKind.AGENT_MESSAGE}
        if any(not target.human_only for target in targets):
            self._answers.add(FactKind.BOT_MESSAGE)
        if any(target.private_notes for target in targets):
            self._answers.add(FactKind.NOTE)

    def digest(self, ordered: Sequence[Fact], *, seen: int) -> Iterator[Read]:
        """Yield the facts that can change a clock.

        Messages up to the sequence ``seen`` are known to whatever closes the conversation after
        these facts.
        """
        outlasting = _outlasting(ordered, seen)
        asked, answers = False, Counter[FactKind]()
        for fact in ordered:
            if fact.kind in LIFECYCLE:
                asked, answers = False, Counter()
                yield Read(fact, outlasts=False)
            elif fact.kind is FactKind.CUSTOMER_MESSAGE:
                outlasts = fact.sequence in outlasting
                if outlasts or not asked:
                    yield Read(fact, outlasts)
                asked, answers = True, Counter()
            elif self._can_answer(fact):
                answers[fact.kind] += 1
                if answers[fact.kind] <= REPEATED[fact.kind]:
                    yield Read(fact, outlasts=False)
                asked = False

    def _can_answer(self, fact: Fact) -> bool:
        return fact.kind in self._answers and micros(fact.occurred_at) >= self._opened_at


def _outlasting(ordered: Sequence[Fact], seen: int) -> set[int]:
    """Return the sequences of messages that the next closing may not have seen."""
    outlasting: set[int] = set()
    for fact in reversed(ordered):
        if fact.closes:
            seen = fact.sequence
        elif fact.kind is FactKind.CUSTOMER_MESSAGE and fact.sequence > seen:
            outlasting.add(fact.sequence)
    return outlasting
