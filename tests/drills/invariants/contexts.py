"""Contexts: answered in time, or refused in the way that is promised."""

from collections.abc import Iterator

from tests.drills.invariants.evidence import Evidence

DEADLINE_SECONDS = 0.5
"""That of the context itself. What a busy machine adds before and after it is not the product's."""
BUSY_SECONDS = 2.0


def contexts_answer_or_say_come_back(evidence: Evidence) -> Iterator[str]:
    """Say which questions got another answer than 200, or 503 with a time to come back; or late.

    A question that got none, because the process that had it was killed, is no broken promise.
    """
    for asked in evidence.entries.asked:
        if asked.status and not asked.clean:
            yield f"a context was answered with {asked.status}"
        if asked.status and asked.seconds > DEADLINE_SECONDS + BUSY_SECONDS:
            yield f"a context was answered after {asked.seconds:.2f} s"
