"""All invariants in one list, and functions that check them and report violations."""

from collections.abc import Callable, Iterable, Mapping

from tests.drills.invariants.acknowledged import (
    counters_equal_a_recount,
    no_acknowledged_loss,
    no_double_effect,
)
from tests.drills.invariants.contexts import contexts_answer_or_ask_to_retry
from tests.drills.invariants.copies import clocks_are_copied, customers_are_copied
from tests.drills.invariants.deadlines import (
    breaches_are_announced_once_and_false_ones_retracted,
    breaches_wait_for_their_source,
    clocks_match_the_oracle,
)
from tests.drills.invariants.evidence import Evidence
from tests.drills.invariants.published import (
    order_is_kept,
    outbox_equals_topics,
    topics_hold_events_only,
    watermarks_are_true,
)

Invariant = Callable[[Evidence], Iterable[str]]

INVARIANTS: tuple[Invariant, ...] = (
    no_acknowledged_loss,
    no_double_effect,
    counters_equal_a_recount,
    outbox_equals_topics,
    order_is_kept,
    topics_hold_events_only,
    watermarks_are_true,
    customers_are_copied,
    clocks_are_copied,
    clocks_match_the_oracle,
    breaches_wait_for_their_source,
    breaches_are_announced_once_and_false_ones_retracted,
    contexts_answer_or_ask_to_retry,
)
_SHOWN = 10


def violations(evidence: Evidence) -> dict[str, list[str]]:
    """Return the sentences of each broken invariant by its name; empty if all hold."""
    results = {invariant.__name__: list(invariant(evidence)) for invariant in INVARIANTS}
    return {name: sentences for name, sentences in results.items() if sentences}


def report(broken: Mapping[str, list[str]]) -> str:
    """Return the violations as text, at most ten sentences for each invariant."""
    lines: list[str] = []
    for name, sentences in broken.items():
        lines += [f"{name}: {len(sentences)}", *(f"  {s}" for s in sentences[:_SHOWN])]
    return "\n".join(lines)
