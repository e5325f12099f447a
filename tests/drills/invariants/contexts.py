"""Contexts are answered in time, or refused as documented."""

from collections.abc import Iterator

from tests.drills.invariants.evidence import Evidence

DEADLINE_SECONDS = 0.5
"""The deadline of the context itself, without the delays of a busy machine around it."""
BUSY_SECONDS = 2.0


def contexts_answer_or_ask_to_retry(evidence: Evidence) -> Iterator[str]:
    """Yield the late answers, and those other than 200 or 503 with ``Retry-After``.

    No answer at all breaks no promise, because the process may have been killed.
    """
    for asked in evidence.entries.asked:
        if asked.status and not asked.clean:
            yield f"a context was answered with {asked.status}"
        if asked.status and asked.seconds > DEADLINE_SECONDS + BUSY_SECONDS:
            yield f"a context was answered after {asked.seconds:.2f} s"
